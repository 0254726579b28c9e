"""Kubernetes objects as values: frozen structs that declare what we use and skip the rest."""
