"""PluginMetrics: how often plugins are asked, what comes of it, and how long it takes."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram

from okg.cloudprovider.plugin import PluginError

SUCCESS = "success"
GIVEN_UP = "cancelled"

_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Bucket bounds; at 8 seconds the API server no longer waits for an admission."""


class PluginMetrics:
    """Calls of plugins by name, by what happens to the pod, and by outcome.

    The outcome is ``success``, the type of the PluginError, or ``cancelled``.

    Args:
        registry: where to count; None for nowhere.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        labels = ("plugin", "operation")
        self._calls = Counter(
            "okg_network_plugin_calls",
            "Calls of network plugins by what happens to the pod and by outcome.",
            (*labels, "outcome"),
            registry=registry,
        )
        self._seconds = Histogram(
            "okg_network_plugin_call_duration_seconds",
            "Time that calls of network plugins take.",
            labels,
            buckets=_SECONDS,
            registry=registry,
        )

    @contextmanager
    def measured(self, plugin: str, operation: str) -> Generator[None]:
        """Count and time one call; what it raises is its outcome."""
        started, outcome = time.perf_counter(), GIVEN_UP
        try:
            yield
            outcome = SUCCESS
        except PluginError as error:
            outcome = error.type.value
            raise
        finally:
            self._calls.labels(plugin, operation, outcome).inc()
            self._seconds.labels(plugin, operation).observe(time.perf_counter() - started)
