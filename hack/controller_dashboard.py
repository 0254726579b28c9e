"""The dashboard of the manager itself."""

from grafana import Dashboard, Panel, Row, Variable
from promql import quantile, rate, total

_JOB = 'job="$job"'
_CONTROLLER = 'job="$job",controller=~"$controller"'

_CHOOSE_JOB = Variable(
    "job",
    "job",
    "label_values(controller_runtime_max_concurrent_reconciles"
    '{controller="gameserverset-controller"}, job)',
    several=False,
)
_CHOOSE_CONTROLLER = Variable(
    "controller",
    "controller",
    'label_values(controller_runtime_max_concurrent_reconciles{job="$job"}, controller)',
)

CONTROLLER = Dashboard(
    uid="okg-controller",
    title="okg: the manager",
    about="Processes, reconciles, queues, the API server, webhooks and probes.",
    variables=[_CHOOSE_JOB, _CHOOSE_CONTROLLER],
    rows=[
        Row(
            "Processes",
            [
                Panel("Up", {"{{pod}} {{endpoint}}": f"up{{{_JOB}}}"}, top=1),
                Panel(
                    "Leader",
                    {"{{pod}}": f"leader_election_master_status{{{_JOB}}}"},
                    "Without an election, as with one replica, there is nothing here.",
                    top=1,
                ),
                Panel(
                    "Since the start",
                    {"{{pod}} {{endpoint}}": f"time() - process_start_time_seconds{{{_JOB}}}"},
                    unit="s",
                ),
                Panel(
                    "Processors",
                    {
                        "{{pod}} {{endpoint}}": (
                            f"rate(process_cpu_seconds_total{{{_JOB}}}[$__rate_interval])"
                        )
                    },
                    "One interpreter uses little more than one.",
                ),
                Panel(
                    "Memory",
                    {"{{pod}} {{endpoint}}": f"process_resident_memory_bytes{{{_JOB}}}"},
                    unit="bytes",
                ),
                Panel(
                    "Open files",
                    {
                        "{{pod}} {{endpoint}}": (
                            f"process_open_fds{{{_JOB}}} / process_max_fds{{{_JOB}}}"
                        )
                    },
                    unit="percentunit",
                ),
            ],
        ),
        Row(
            "Reconciles",
            [
                Panel(
                    "By result",
                    {
                        "{{controller}} {{result}}": rate(
                            "controller_runtime_reconcile_total", _CONTROLLER, "controller, result"
                        )
                    },
                    unit="ops",
                ),
                Panel(
                    "Failures",
                    {
                        "{{controller}}": rate(
                            "controller_runtime_reconcile_errors_total", _CONTROLLER, "controller"
                        ),
                        "{{controller}}, not tried again": rate(
                            "controller_runtime_terminal_reconcile_errors_total",
                            _CONTROLLER,
                            "controller",
                        ),
                        "{{controller}}, a defect": rate(
                            "controller_runtime_reconcile_panics_total", _CONTROLLER, "controller"
                        ),
                    },
                    unit="ops",
                ),
                Panel(
                    "Time",
                    {
                        "99 % of {{controller}}": quantile(
                            0.99,
                            "controller_runtime_reconcile_time_seconds",
                            _CONTROLLER,
                            "controller",
                        ),
                        "50 % of {{controller}}": quantile(
                            0.5,
                            "controller_runtime_reconcile_time_seconds",
                            _CONTROLLER,
                            "controller",
                        ),
                    },
                    unit="s",
                ),
                Panel(
                    "Workers that are busy",
                    {
                        "{{controller}}": (
                            total("controller_runtime_active_workers", _CONTROLLER, "controller")
                            + " / "
                            + total(
                                "controller_runtime_max_concurrent_reconciles",
                                _CONTROLLER,
                                "controller",
                            )
                        )
                    },
                    unit="percentunit",
                    top=1,
                ),
                Panel(
                    "Events that were not written",
                    {"{{reason}}": rate("okg_events_dropped_total", _JOB, "reason")},
                    unit="ops",
                ),
            ],
        ),
        Row(
            "Queues",
            [
                Panel(
                    "Waiting now",
                    {"{{name}}": total("workqueue_depth", _CONTROLLER, "name")},
                ),
                Panel(
                    "Added",
                    {
                        "{{name}}": rate("workqueue_adds_total", _CONTROLLER, "name"),
                        "{{name}}, again": rate("workqueue_retries_total", _CONTROLLER, "name"),
                    },
                    unit="ops",
                ),
                Panel(
                    "Time until a worker is free, 99 %",
                    {
                        "{{name}}": quantile(
                            0.99, "workqueue_queue_duration_seconds", _CONTROLLER, "name"
                        )
                    },
                    "More than 10 s for a quarter of an hour is the alert OkgQueueFallsBehind.",
                    unit="s",
                ),
                Panel(
                    "Time of work, 99 %",
                    {
                        "{{name}}": quantile(
                            0.99, "workqueue_work_duration_seconds", _CONTROLLER, "name"
                        )
                    },
                    unit="s",
                ),
                Panel(
                    "Longest work now",
                    {
                        "{{name}}": (
                            "max by (name)"
                            f" (workqueue_longest_running_processor_seconds{{{_CONTROLLER}}})"
                        )
                    },
                    unit="s",
                ),
                Panel(
                    "All work under way",
                    {"{{name}}": total("workqueue_unfinished_work_seconds", _CONTROLLER, "name")},
                    unit="s",
                ),
            ],
        ),
        Row(
            "Requests to the API server",
            [
                Panel(
                    "By code",
                    {"{{code}}": rate("rest_client_requests_total", _JOB, "code")},
                    "409 is a write that came too late and is repeated; 429 means that the server"
                    " has too much to do.",
                    unit="reqps",
                    stacked=True,
                ),
                Panel(
                    "By method",
                    {"{{method}}": rate("rest_client_requests_total", _JOB, "method")},
                    unit="reqps",
                    stacked=True,
                ),
                Panel(
                    "Time, 99 %",
                    {
                        "{{verb}}": quantile(
                            0.99, "rest_client_request_duration_seconds", _JOB, "verb"
                        )
                    },
                    unit="s",
                ),
            ],
        ),
        Row(
            "Webhooks",
            [
                Panel(
                    "Requests",
                    {
                        "{{webhook}} {{code}}": rate(
                            "controller_runtime_webhook_requests_total", _JOB, "webhook, code"
                        )
                    },
                    unit="reqps",
                ),
                Panel(
                    "Time, 99 %",
                    {
                        "{{webhook}}": quantile(
                            0.99, "controller_runtime_webhook_latency_seconds", _JOB, "webhook"
                        )
                    },
                    unit="s",
                ),
                Panel(
                    "Under way",
                    {
                        "{{webhook}}": total(
                            "controller_runtime_webhook_requests_in_flight", _JOB, "webhook"
                        )
                    },
                ),
                Panel(
                    "Defects",
                    {
                        "{{webhook}}": rate(
                            "controller_runtime_webhook_panics_total", _JOB, "webhook"
                        )
                    },
                    unit="ops",
                ),
                Panel(
                    "Certificate",
                    {
                        "read": f"sum(increase(certwatcher_read_certificate_total{{{_JOB}}}[1h]))",
                        "cannot be read": (
                            f"sum(increase(certwatcher_read_certificate_errors_total{{{_JOB}}}[1h]))"
                        ),
                    },
                ),
            ],
        ),
        Row(
            "Probes and the external scaler",
            [
                Panel(
                    "Probes",
                    {"{{handler}} {{outcome}}": rate("okg_probes_total", _JOB, "handler, outcome")},
                    unit="ops",
                ),
                Panel(
                    "How many times too long periods are",
                    {"stretch": f"max(okg_probe_stretch{{{_JOB}}})"},
                ),
                Panel(
                    "Probes begin late by, 99 %",
                    {"lag": quantile(0.99, "okg_probe_lag_seconds", _JOB, "job")},
                    unit="s",
                ),
                Panel(
                    "Answers of the scaler, 99 %",
                    {
                        "{{method}}": quantile(
                            0.99, "okg_scaler_request_duration_seconds", _JOB, "method"
                        )
                    },
                    unit="s",
                ),
                Panel("Streams of the scaler", {"open": f"sum(okg_scaler_streams{{{_JOB}}})"}),
            ],
        ),
    ],
)
