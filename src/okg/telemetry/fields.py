"""Names of fields that OpenKruiseGame's dashboards and queries know."""

EVENT = "game.kruise.io.event"
"""What happened to the process, in words with dots, such as ``service.start``."""
