"""The queue of requests: de-duplicating, delaying, prioritised."""
