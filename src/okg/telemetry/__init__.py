"""Logs, metrics and spans: set-up and small helpers, nothing of Kubernetes."""
