"""The metrics of game servers and their sets, kept current by what the caches tell."""
