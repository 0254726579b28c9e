"""okg: a reconciler library for Kubernetes, and the game server controllers built on it."""
