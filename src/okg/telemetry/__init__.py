"""Logs and metrics: set-up and small helpers, nothing of Kubernetes."""
