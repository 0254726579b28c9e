"""The dashboard of sets and servers."""

from grafana import Dashboard, Panel, Row, Variable, stat
from promql import durations, rate, total

_SETS = 'gssNs=~"$namespace",gssName=~"$set"'
_SERVERS = 'namespace=~"$namespace",gssName=~"$set"'
_TIMED = 'gsNs=~"$namespace",gssName=~"$set"'

_CHOOSE_NAMESPACE = Variable(
    "namespace", "namespace", "label_values(okg_gameserversets_replicas_count{}, gssNs)"
)
_CHOOSE_SET = Variable(
    "set",
    "set",
    'label_values(okg_gameserversets_replicas_count{gssNs=~"$namespace"}, gssName)',
)


def _replicas(status: str) -> str:
    return f'okg_gameserversets_replicas_count{{gsStatus="{status}",{_SETS}}}'


def _ops(state: str) -> str:
    return f'okg_gameservers_opsState_count{{opsState="{state}",{_SERVERS}}}'


FLEET = Dashboard(
    uid="okg-fleet",
    title="okg: game servers",
    about="Sets, their servers, who plays on them, updates and networks.",
    variables=[_CHOOSE_NAMESPACE, _CHOOSE_SET],
    rows=[
        Row(
            "Now",
            [
                stat("Sets", f"count({_replicas('current')})"),
                stat("Servers", f"sum({_replicas('current')})"),
                stat(
                    "Ready",
                    f"sum({_replicas('ready')}) / sum({_replicas('current')})",
                    "percentunit",
                ),
                stat("Allocated", f"sum({_ops('Allocated')})", help="Somebody plays on these."),
                stat("In maintenance", f"sum({_replicas('maintaining')})"),
                stat("Wait to be deleted", f"sum({_replicas('waitToBeDeleted')})"),
            ],
        ),
        Row(
            "Servers by state",
            [
                Panel(
                    "By current state, of the whole cluster",
                    {"{{state}}": 'sum by (state) (okg_gameservers_state_count{state!=""})'},
                    "The metric knows no sets, so the choice above does not count here.",
                    stacked=True,
                    width=12,
                ),
                Panel(
                    "By state of operation",
                    {"{{opsState}}": total("okg_gameservers_opsState_count", _SERVERS, "opsState")},
                    stacked=True,
                    width=12,
                ),
            ],
        ),
        Row(
            "Sets",
            [
                Panel(
                    "Servers",
                    {"{{gssNs}}/{{gssName}}": f"sum by (gssNs, gssName) ({_replicas('current')})"},
                    stacked=True,
                ),
                Panel(
                    "Share that is ready",
                    {
                        "{{gssNs}}/{{gssName}}": (
                            f"sum by (gssNs, gssName) ({_replicas('ready')})"
                            f" / sum by (gssNs, gssName) ({_replicas('current')})"
                        )
                    },
                    "Less than 90 % for a quarter of an hour is the alert OkgGameServersNotReady.",
                    unit="percentunit",
                    top=1,
                ),
                Panel(
                    "Not available",
                    {
                        "{{gssNs}}/{{gssName}}": (
                            f"sum by (gssNs, gssName) ({_replicas('current')})"
                            f" - sum by (gssNs, gssName) ({_replicas('available')})"
                        )
                    },
                    "A server is available after it has been ready for minReadySeconds.",
                ),
            ],
        ),
        Row(
            "Allocation",
            [
                Panel(
                    "Share that is allocated",
                    {
                        "{{namespace}}/{{gssName}}": (
                            f"sum by (namespace, gssName) ({_ops('Allocated')}) / "
                            + total(
                                "okg_gameservers_opsState_count", _SERVERS, "namespace, gssName"
                            )
                        )
                    },
                    unit="percentunit",
                    top=1,
                ),
                Panel(
                    "Free",
                    {"{{namespace}}/{{gssName}}": f"sum by (namespace, gssName) ({_ops('None')})"},
                    "What minAvailable of the external scaler keeps up.",
                ),
                Panel(
                    "What autoscalers ask",
                    {"{{method}} {{code}}": rate("okg_scaler_requests_total", "", "method, code")},
                    "Another code than OK: see the log of KEDA's operator for the words.",
                    unit="reqps",
                ),
            ],
        ),
        Row(
            "Updates",
            [
                Panel(
                    "On their way, of the whole cluster",
                    {
                        "{{state}}": (
                            "sum by (state) (okg_gameservers_state_count"
                            '{state=~"Creating|Updating|PreUpdate|PreDelete|Deleting"})'
                        )
                    },
                    "PreUpdate and PreDelete wait for a hook.",
                    stacked=True,
                ),
                Panel(
                    "New servers a minute",
                    {"new": "sum(rate(okg_gameservers_total{}[$__rate_interval])) * 60"},
                    "A new leader counts all there are once.",
                ),
                Panel(
                    "From creation to Ready",
                    durations("okg_gameserver_ready_duration_seconds", _TIMED),
                    "Of the servers there are; also when one comes back to Ready much later.",
                    unit="s",
                ),
            ],
        ),
        Row(
            "Networks",
            [
                Panel(
                    "By state",
                    {
                        "{{networkType}} {{networkState}}": total(
                            "okg_gameservers_network_count", _SERVERS, "networkType, networkState"
                        )
                    },
                    stacked=True,
                ),
                Panel(
                    "Cannot have theirs",
                    {
                        "{{namespace}}/{{gssName}}": (
                            "sum by (namespace, gssName) (okg_gameservers_network_count"
                            f'{{networkNormal="False",{_SERVERS}}})'
                        )
                    },
                    "The condition NetworkNormal of these servers says why.",
                ),
                Panel(
                    "From creation to a network",
                    durations("okg_gameserver_network_ready_duration_seconds", _TIMED),
                    unit="s",
                ),
            ],
        ),
    ],
)
