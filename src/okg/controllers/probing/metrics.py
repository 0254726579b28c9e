"""Metrics of probes."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from okg.controllers.probing.desk import Desk

OUTCOMES = ("success", "failure", "error")
WRITES = ("written", "gone", "failed")

_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ProbeMetrics:
    """How many probes there are, how they end, and whether they are in time.

    Args:
        registry: where to count.
        desk: is asked for its sizes.
        handlers: names of the handlers.
    """

    def __init__(self, registry: CollectorRegistry, desk: Desk, handlers: list[str]) -> None:
        probes = Counter(
            "okg_probes",
            "Probes of service qualities by handler and outcome; an error says nothing of a game.",
            ("handler", "outcome"),
            registry=registry,
        )
        writes = Counter(
            "okg_probe_condition_writes",
            "Writes of conditions by outcome; gone means the pod.",
            ("outcome",),
            registry=registry,
        )
        seconds = Histogram(
            "okg_probe_duration_seconds",
            "Time that probes take.",
            ("handler",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.probes = {(h, o): probes.labels(h, o) for h in handlers for o in OUTCOMES}
        self.writes = {outcome: writes.labels(outcome) for outcome in WRITES}
        self.seconds = {handler: seconds.labels(handler) for handler in handlers}
        self.lag = Histogram(
            "okg_probe_lag_seconds",
            "Time that probes begin after they are due.",
            buckets=_SECONDS,
            registry=registry,
        )

        def gauge(name: str, meaning: str, function: Callable[[], float]) -> None:
            Gauge(name, meaning, registry=registry).set_function(function)

        gauge("okg_probes_scheduled", "Probes that are repeated.", lambda: desk.sizes[0])
        gauge("okg_probes_in_flight", "Probes that run now.", lambda: desk.sizes[1])
        gauge(
            "okg_probe_conditions_waiting",
            "Pods whose conditions are still to be written.",
            lambda: desk.sizes[2],
        )
        gauge(
            "okg_probe_stretch",
            "How many times too long the periods of the set are that is worst off; 1 if none are.",
            lambda: desk.stretch,
        )
