"""Controllers and what runs them: nothing here knows what a game server is."""
