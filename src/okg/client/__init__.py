"""Talking to the API server: transport, typed verbs, writes as diffs."""
