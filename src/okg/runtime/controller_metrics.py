"""Metrics of controllers, under controller-runtime's names."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from okg.workqueue.metrics import QueueMetrics

RESULTS = ("success", "error", "requeue", "requeue_after")

_SECONDS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9,
    1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 15.0, 20.0,
    25.0, 30.0, 40.0, 50.0, 60.0,
)  # fmt: skip


class ControllerMetrics:
    """All controllers of one registry; ``of`` gives the children of one controller."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, meaning: str, *labels: str) -> Counter:
            full = f"controller_runtime_{name}"
            return Counter(full, meaning, ("controller", *labels), registry=registry)

        def gauge(name: str, meaning: str) -> Gauge:
            full = f"controller_runtime_{name}"
            return Gauge(full, meaning, ("controller",), registry=registry)

        self.queues = QueueMetrics(registry)
        self._total = counter("reconcile", "Reconciles by result.", "result")
        self._errors = counter("reconcile_errors", "Reconciles that failed.")
        self._terminal = counter(
            "terminal_reconcile_errors", "Reconciles that failed and are not retried."
        )
        self._panics = counter("reconcile_panics", "Reconciles that ended in a programming error.")
        self._seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "Time of a reconcile.",
            ("controller",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._workers = gauge("max_concurrent_reconciles", "Workers of the controller.")
        self._active = gauge("active_workers", "Workers that are reconciling now.")

    def of(self, controller: str, workers: int) -> "OneControllerMetrics":
        """Return the metrics of a controller; all of them exist from now on, at zero."""
        self._workers.labels(controller).set(workers)
        return OneControllerMetrics(
            {result: self._total.labels(controller, result) for result in RESULTS},
            errors=self._errors.labels(controller),
            terminal=self._terminal.labels(controller),
            panics=self._panics.labels(controller),
            seconds=self._seconds.labels(controller),
            active=self._active.labels(controller),
        )


class OneControllerMetrics:
    """Children of one controller."""

    def __init__(
        self,
        results: dict[str, Counter],
        *,
        errors: Counter,
        terminal: Counter,
        panics: Counter,
        seconds: Histogram,
        active: Gauge,
    ) -> None:
        self.results = results
        self.errors = errors
        self.terminal = terminal
        self.panics = panics
        self.seconds = seconds
        self.active = active
