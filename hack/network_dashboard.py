"""The dashboard of networks."""

from grafana import Dashboard, Panel, Row, Variable, stat
from promql import durations, quantile, rate, total

_TYPED = 'networkType=~"$type"'
_PLUGIN = 'plugin=~"$type"'
_FILL = (
    "max by (pool, balancer) (okg_network_ports_used{})"
    " / on (pool) group_left () max by (pool) (okg_network_ports_size{})"
)

NETWORK = Dashboard(
    uid="okg-network",
    title="okg: networks",
    about="Networks of game servers: who has one, ports, plugins and times.",
    variables=[
        Variable(
            "type", "network type", "label_values(okg_gameservers_network_count{}, networkType)"
        )
    ],
    rows=[
        Row(
            "Now",
            [
                stat("Networks", f"sum(okg_gameservers_network_count{{{_TYPED}}})"),
                stat(
                    "Ready",
                    f'sum(okg_gameservers_network_count{{networkState="Ready",{_TYPED}}})'
                    f" / sum(okg_gameservers_network_count{{{_TYPED}}})",
                    "percentunit",
                ),
                stat(
                    "Cannot be had",
                    f'sum(okg_gameservers_network_count{{networkNormal="False",{_TYPED}}})'
                    " or vector(0)",
                ),
                stat(
                    "Ports given",
                    "sum(max by (pool, balancer) (okg_network_ports_used{})) or vector(0)",
                ),
                stat("Fullest load balancer", f"max({_FILL})", "percentunit"),
                stat(
                    "Calls that failed in an hour",
                    "sum(increase(okg_network_plugin_calls_total"
                    f'{{outcome!="success",{_PLUGIN}}}[1h])) or vector(0)',
                ),
            ],
        ),
        Row(
            "Networks of servers",
            [
                Panel(
                    "By state",
                    {
                        "{{networkType}} {{networkState}}": total(
                            "okg_gameservers_network_count", _TYPED, "networkType, networkState"
                        )
                    },
                    stacked=True,
                    width=12,
                ),
                Panel(
                    "NetworkNormal is False",
                    {
                        "{{namespace}}/{{gssName}} {{networkType}}": (
                            "sum by (namespace, gssName, networkType)"
                            f' (okg_gameservers_network_count{{networkNormal="False",{_TYPED}}})'
                        )
                    },
                    "The condition of the servers says why. Ten minutes of it are the alert"
                    " OkgNetworksFail.",
                    width=12,
                ),
            ],
        ),
        Row(
            "Ports",
            [
                Panel(
                    "Given",
                    {
                        "{{pool}} {{balancer}}": (
                            "max by (pool, balancer) (okg_network_ports_used{})"
                        )
                    },
                    width=12,
                ),
                Panel(
                    "The fullest load balancers",
                    {"{{pool}} {{balancer}}": f"topk(20, {_FILL})"},
                    "More than 90 % for a quarter of an hour is the alert OkgPortsRunOut.",
                    unit="percentunit",
                    kind="bargauge",
                    top=1,
                    width=12,
                ),
            ],
        ),
        Row(
            "Plugins",
            [
                Panel(
                    "Calls",
                    {
                        "{{plugin}} {{operation}}": rate(
                            "okg_network_plugin_calls_total", _PLUGIN, "plugin, operation"
                        )
                    },
                    unit="ops",
                ),
                Panel(
                    "Failures",
                    {
                        "{{plugin}} {{outcome}}": rate(
                            "okg_network_plugin_calls_total",
                            f'outcome!="success",{_PLUGIN}',
                            "plugin, outcome",
                        )
                    },
                    "parameterError: the set has to be changed; retryError: the cloud is not ready"
                    " yet; cancelled: nobody waited any longer.",
                    unit="ops",
                ),
                Panel(
                    "Time",
                    {
                        "99 % of {{plugin}}": quantile(
                            0.99, "okg_network_plugin_call_duration_seconds", _PLUGIN, "plugin"
                        ),
                        "50 % of {{plugin}}": quantile(
                            0.5, "okg_network_plugin_call_duration_seconds", _PLUGIN, "plugin"
                        ),
                    },
                    unit="s",
                ),
            ],
        ),
        Row(
            "Times",
            [
                Panel(
                    "From the creation of a server to its network",
                    durations("okg_gameserver_network_ready_duration_seconds", ""),
                    unit="s",
                    width=12,
                ),
                Panel(
                    "Controllers of networks and ports, 99 %",
                    {
                        "{{controller}}": quantile(
                            0.99,
                            "controller_runtime_reconcile_time_seconds",
                            'controller=~"network-controller|port-controller|leavings-controller"',
                            "controller",
                        )
                    },
                    unit="s",
                    width=12,
                ),
            ],
        ),
    ],
)
