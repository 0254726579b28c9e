"""Metrics of the external scaler."""

import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0)


class ScalerMetrics:
    """How often the scaler is asked, what it says, and how long it takes.

    Args:
        registry: where to count.
        methods: names of the methods, whose metrics are there before the first request.
        streams: says how many streams are open.
    """

    def __init__(
        self, registry: CollectorRegistry, methods: Iterable[str], streams: Callable[[], float]
    ) -> None:
        self._requests = Counter(
            "okg_scaler_requests",
            "Answers of the external scaler by method and gRPC status.",
            ("method", "code"),
            registry=registry,
        )
        self._seconds = Histogram(
            "okg_scaler_request_duration_seconds",
            "Time that answers take.",
            ("method",),
            buckets=_SECONDS,
            registry=registry,
        )
        for method in methods:
            self._requests.labels(method, "OK")
            self._seconds.labels(method)
        gauge = Gauge("okg_scaler_streams", "Streams that are open.", registry=registry)
        gauge.set_function(streams)

    def answered(self, method: str, code: str, started: float) -> None:
        """Count an answer that was begun at ``time.perf_counter() == started``."""
        self._requests.labels(method, code).inc()
        self._seconds.labels(method).observe(time.perf_counter() - started)

    def ended(self, method: str, code: str) -> None:
        """Count a stream that has ended."""
        self._requests.labels(method, code).inc()
