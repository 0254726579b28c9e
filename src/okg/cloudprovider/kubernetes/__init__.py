"""Networks that any Kubernetes has."""
