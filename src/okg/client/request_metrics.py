"""Metrics of requests to the API server, under controller-runtime's names."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_LATENCY_BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""Bucket bounds of client-go's request duration, in seconds."""


class RequestMetrics:
    """Counts requests by code, method and host.

    A request without an answer counts under the code ``<error>``, as client-go has it. Children are
    kept, because looking one up costs more than counting.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "rest_client_requests",
            "Number of HTTP requests, partitioned by status code, method, and host.",
            ("code", "method", "host"),
            registry=registry,
        )
        self._duration = Histogram(
            "rest_client_request_duration_seconds",
            "Time from sending a request to its answer, or to the first byte of a watch.",
            ("verb", "host"),
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self._counters: dict[tuple[int, str, str], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}

    def observe(self, method: str, host: str, status: int, seconds: float) -> None:
        """Count one request; ``status`` 0 stands for no answer."""
        counter = self._counters.get((status, method, host))
        if counter is None:
            name = host.partition("://")[2] or host
            counter = self._requests.labels(str(status) if status else "<error>", method, name)
            self._counters[status, method, host] = counter
        counter.inc()
        histogram = self._histograms.get((method, host))
        if histogram is None:
            name = host.partition("://")[2] or host
            histogram = self._histograms[method, host] = self._duration.labels(method, name)
        histogram.observe(seconds)
