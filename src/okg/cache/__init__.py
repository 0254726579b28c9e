"""Informers: a local, indexed, current copy of what the server holds."""
