"""Metrics of work queues, under controller-runtime's names."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_LABELS = ("name", "controller")
_BUCKETS = tuple(10.0**exponent for exponent in range(-8, 4))
"""Seconds from 10 ns by factors of ten, as in client-go."""


class QueueMetrics:
    """All queues of one registry; ``of`` gives the children of one queue."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, meaning: str) -> Gauge:
            return Gauge(f"workqueue_{name}", meaning, _LABELS, registry=registry)

        def counter(name: str, meaning: str) -> Counter:
            return Counter(f"workqueue_{name}", meaning, _LABELS, registry=registry)

        def histogram(name: str, meaning: str) -> Histogram:
            return Histogram(
                f"workqueue_{name}", meaning, _LABELS, buckets=_BUCKETS, registry=registry
            )

        self._depth = gauge("depth", "Requests that could be worked on now.")
        self._adds = counter("adds", "Requests added.")
        self._retries = counter("retries", "Requests added again after a failure.")
        self._waited = histogram("queue_duration_seconds", "Time a due request waits for a worker.")
        self._worked = histogram("work_duration_seconds", "Time a request is worked on.")
        self._unfinished = gauge(
            "unfinished_work_seconds", "Seconds spent so far on all requests being worked on."
        )
        self._longest = gauge(
            "longest_running_processor_seconds",
            "Seconds the longest running worker has been at it.",
        )

    def of(self, name: str, running: Callable[[], list[float]]) -> "OneQueueMetrics":
        """Return the metrics of a queue.

        Args:
            name: of the queue, which is the controller's.
            running: seconds that each request being worked on has taken so far.
        """
        labels = (name, name)
        self._unfinished.labels(*labels).set_function(lambda: sum(running()))
        self._longest.labels(*labels).set_function(lambda: max(running(), default=0.0))
        return OneQueueMetrics(
            self._depth.labels(*labels),
            self._adds.labels(*labels),
            self._retries.labels(*labels),
            self._waited.labels(*labels),
            self._worked.labels(*labels),
        )


class OneQueueMetrics:
    """Children of one queue, kept because looking them up costs more than counting."""

    def __init__(
        self, depth: Gauge, adds: Counter, retries: Counter, waited: Histogram, worked: Histogram
    ) -> None:
        self.depth = depth
        self.adds = adds
        self.retries = retries
        self.waited = waited
        self.worked = worked
