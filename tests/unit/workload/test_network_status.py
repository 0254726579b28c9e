from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import (
    GameServerCondition,
    NetworkAddress,
    NetworkPort,
    NetworkPortRange,
    NetworkStatus,
)
from okg.workload.native.membership import adopted
from okg.workload.network_status import (
    DEFAULT_PATIENCE,
    NetworkPatience,
    NetworkWait,
    compute_network_status,
    read_network_status,
    time_to_ask,
    trigger_network,
    trouble_of_network,
    wait_for_network,
)
from okg.workload.notices import Notice
from unit.fleet import LONG_AGO, NOW, a_pod, a_set

TYPE = "game.kruise.io/network-type"
CONF = "game.kruise.io/network-conf"
STATUS = "game.kruise.io/network-status"
TRIGGER = "game.kruise.io/network-trigger-time"
DISABLED = "game.kruise.io/network-disabled"

DEEP = "[" * 100_000 + "]" * 100_000
TIMES = '"createTime":null,"lastTransitionTime":null'
READY_NOTE = (
    '{"internalAddresses":[{"ip":"10.0.0.1","ports":[{"name":"80","protocol":"TCP","port":80}]}],'
    '"externalAddresses":[{"ip":"","ports":[{"name":"80","protocol":"TCP","port":"951"}],'
    f'"endPoint":"host"}}],"currentNetworkState":"Ready",{TIMES}}}'
)
SPARSE_ADDRESS = '{"endPoint":"h","ports":[{"port":1}],"portRange":{"portRange":"1-2"}}'
WAITING_NOTE = f'{{"currentNetworkState":"Waiting",{TIMES}}}'
INTERNAL = NetworkAddress(ip="10.0.0.1", ports=(NetworkPort(name="80", protocol="TCP", port=80),))
EXTERNAL = NetworkAddress(
    ip="", ports=(NetworkPort(name="80", protocol="TCP", port="951"),), end_point="host"
)


def networked(note: str = "", *, disabled: str = "", trigger: str = "", conf: str = "null") -> Pod:
    annotations = {TYPE: "Kubernetes-NodePort", CONF: conf, STATUS: note, TRIGGER: trigger}
    return a_pod(
        annotations={key: text for key, text in annotations.items() if text},
        labels={DISABLED: disabled} if disabled else {},
    )


def told(current: str, *, desired: str = "Ready", since: datetime = LONG_AGO) -> NetworkStatus:
    return NetworkStatus(
        network_type="Kubernetes-NodePort",
        desired_network_state=desired,
        current_network_state=current,
        create_time=LONG_AGO,
        last_transition_time=since,
    )


def test_a_first_look_tells_all_there_is_to_tell() -> None:
    status = compute_network_status(networked(READY_NOTE), NetworkStatus(), NOW)

    assert status == NetworkStatus(
        network_type="Kubernetes-NodePort",
        internal_addresses=(INTERNAL,),
        external_addresses=(EXTERNAL,),
        desired_network_state="Ready",
        current_network_state="Ready",
        create_time=NOW,
        last_transition_time=NOW,
    )


def test_a_pod_that_no_plugin_has_noted_anything_on_is_not_ready() -> None:
    status = compute_network_status(networked(), NetworkStatus(), NOW)

    assert (status.desired_network_state, status.current_network_state) == ("Ready", "NotReady")


def test_a_network_that_is_disabled_from_the_start_is_desired_not_ready() -> None:
    status = compute_network_status(networked(disabled="true"), NetworkStatus(), NOW)

    assert status.desired_network_state == "NotReady"


@pytest.mark.parametrize("disabled", ["false", "yes", "", "tRUE"])
def test_what_go_does_not_read_as_true_is_not_disabled(disabled: str) -> None:
    status = compute_network_status(networked(disabled=disabled), NetworkStatus(), NOW)

    assert status.desired_network_state == "Ready"


@pytest.mark.parametrize(
    "pod",
    [
        a_pod(),
        networked(READY_NOTE, conf="{}"),
        networked(READY_NOTE, conf="[{]"),
        networked(READY_NOTE, conf='[{"name":1}]'),
        networked(READY_NOTE, conf='[{"other":' + DEEP + "}]"),
    ],
)
def test_a_pod_without_a_legible_network_has_none(pod: Pod) -> None:
    assert compute_network_status(pod, told("Ready"), NOW) == NetworkStatus()


@pytest.mark.parametrize("conf", ["null", "[]", '[{"name":"Fixed","other":1}]', ""])
def test_parameters_are_those_that_go_reads(conf: str) -> None:
    status = compute_network_status(networked(conf=conf), NetworkStatus(), NOW)

    assert status.network_type == "Kubernetes-NodePort"


def test_a_missing_note_keeps_the_addresses_and_the_time() -> None:
    stored = replace(
        told("Waiting"), internal_addresses=(INTERNAL,), external_addresses=(EXTERNAL,)
    )

    status = compute_network_status(networked(), stored, NOW)

    assert status == replace(stored, current_network_state="NotReady")


def test_a_network_that_becomes_ready_does_not_move_the_time() -> None:
    status = compute_network_status(networked(READY_NOTE), told("Waiting"), NOW)

    assert status.current_network_state == "Ready"
    assert status.last_transition_time == LONG_AGO
    assert status.create_time == LONG_AGO


@pytest.mark.parametrize(
    ("pod", "stored"),
    [
        (networked(READY_NOTE, disabled="true"), told("Ready")),
        (networked(WAITING_NOTE, disabled="true"), told("Waiting")),
        (networked(WAITING_NOTE), told("Ready")),
        (networked(), told("Ready")),
        (networked(READY_NOTE, disabled="true"), told("NotReady", desired="NotReady")),
        (networked(READY_NOTE), replace(told("Ready"), last_transition_time=None)),
    ],
)
def test_the_time_is_when_it_became_other_than_desired(pod: Pod, stored: NetworkStatus) -> None:
    assert compute_network_status(pod, stored, NOW).last_transition_time == NOW


def test_an_unchanged_network_is_told_unchanged() -> None:
    pod = networked(WAITING_NOTE)
    first = compute_network_status(pod, NetworkStatus(), LONG_AGO)

    assert compute_network_status(pod, first, NOW) == first


@pytest.mark.parametrize(
    ("note", "status"),
    [
        ("", None),
        ("{", None),
        ("5", None),
        ('{"createTime":"yesterday"}', None),
        (DEEP, None),
        ("null", NetworkStatus()),
        ("{}", NetworkStatus()),
        ('{"internalAddresses":null,"unknown":[1]}', NetworkStatus()),
        (
            f'{{"externalAddresses":[{SPARSE_ADDRESS}]}}',
            NetworkStatus(
                external_addresses=(
                    NetworkAddress(
                        ip="",
                        end_point="h",
                        ports=(NetworkPort(name="", port=1),),
                        port_range=NetworkPortRange(port_range="1-2"),
                    ),
                )
            ),
        ),
    ],
)
def test_a_note_is_read_as_go_reads_it(note: str, status: NetworkStatus | None) -> None:
    assert read_network_status(networked(note)) == status


AT_NOW = "2025-01-02T03:04:05Z"
FIVE_AGO = "2025-01-02T03:04:00Z"
MINUTE_AGO = "2025-01-02T03:03:05Z"
LESS_THAN_A_MINUTE_AGO = "2025-01-02T03:03:06Z"
FOUR_AGO = "2025-01-02T03:04:01Z"


@pytest.mark.parametrize(
    ("pod", "stored"),
    [
        (networked(READY_NOTE), told("Ready")),
        (networked(READY_NOTE, trigger="soon"), told("Ready")),
        (networked(READY_NOTE, trigger="2025-01-02T03:04:05"), told("Ready")),
        (networked(trigger=FIVE_AGO), told("NotReady", since=NOW - timedelta(seconds=59))),
        (networked(trigger="2025-01-02T05:04:00+02:00"), told("NotReady", since=NOW)),
        (networked(trigger="2025-01-02T03:05:00Z"), told("NotReady", since=NOW)),
        (networked(WAITING_NOTE, trigger=FIVE_AGO), told("Ready")),
        (networked(READY_NOTE, trigger=FIVE_AGO, disabled="true"), told("Ready")),
        (
            networked(WAITING_NOTE, trigger=MINUTE_AGO),
            told("Waiting", since=NOW - timedelta(hours=1)),
        ),
    ],
)
def test_a_plugin_is_called_at_first_and_while_its_network_is_waited_for(
    pod: Pod, stored: NetworkStatus
) -> None:
    triggered = trigger_network(pod, stored, NOW, DEFAULT_PATIENCE)

    assert triggered.metadata.annotations[TRIGGER] == AT_NOW
    assert triggered.spec is pod.spec


@pytest.mark.parametrize(
    ("pod", "stored"),
    [
        (networked(trigger=FOUR_AGO), told("NotReady", since=NOW)),
        (networked(READY_NOTE, trigger=FIVE_AGO), told("Ready", since=NOW)),
        (networked(READY_NOTE, trigger=FIVE_AGO), told("NotReady", since=NOW)),
        (
            networked(WAITING_NOTE, trigger=LESS_THAN_A_MINUTE_AGO),
            told("Waiting", since=NOW - timedelta(seconds=60)),
        ),
        (networked(trigger=MINUTE_AGO), told("NotReady", since=NOW - timedelta(seconds=60))),
        (
            networked(READY_NOTE, trigger=MINUTE_AGO, disabled="true"),
            told("Ready", desired="NotReady", since=NOW - timedelta(seconds=60)),
        ),
        (a_pod(), NetworkStatus()),
        (a_pod(annotations={TYPE: ""}), NetworkStatus()),
    ],
)
def test_otherwise_a_pod_is_left_alone(pod: Pod, stored: NetworkStatus) -> None:
    assert trigger_network(pod, stored, NOW, DEFAULT_PATIENCE) is pod


@pytest.mark.parametrize(
    ("waited", "look_after"),
    [(timedelta(0), 5), (timedelta(seconds=54), 5), (timedelta(seconds=57), 3)],
)
def test_a_network_is_looked_at_until_the_patience_is_over(
    waited: timedelta, look_after: int
) -> None:
    status = told("NotReady", since=NOW - waited)

    wait = wait_for_network(networked(), status, NOW, DEFAULT_PATIENCE)

    assert wait == NetworkWait(look_after=timedelta(seconds=look_after))


@pytest.mark.parametrize(
    ("total", "text"),
    [
        (timedelta(seconds=60), "1m0s"),
        (timedelta(seconds=7), "7s"),
        (timedelta(seconds=3605), "1h0m5s"),
    ],
)
def test_the_end_of_the_patience_is_told_in_the_words_of_go(total: timedelta, text: str) -> None:
    patience = NetworkPatience(total=total)

    wait = wait_for_network(networked(WAITING_NOTE), told("Waiting"), NOW, patience)

    message = f"Network wait timeout: waited {text}, max {text}"
    complaint = Notice("GsNetworkState", message, warning=True)
    assert wait == NetworkWait(look_after=timedelta(seconds=60), complaint=complaint)


@pytest.mark.parametrize("pod", [networked(), networked(READY_NOTE, disabled="true")])
def test_what_cannot_come_late_is_not_looked_at_any_more(pod: Pod) -> None:
    wait = wait_for_network(pod, told("NotReady", desired="Ready"), NOW, DEFAULT_PATIENCE)

    assert wait.look_after is None
    assert wait.complaint is not None


@pytest.mark.parametrize(
    "status", [NetworkStatus(), told("Ready"), told("NotReady", desired="NotReady")]
)
def test_a_network_that_is_as_desired_is_not_waited_for(status: NetworkStatus) -> None:
    assert wait_for_network(networked(), status, NOW, DEFAULT_PATIENCE) == NetworkWait()


def test_a_pod_that_we_make_ourselves_is_never_touched_for_its_plugin() -> None:
    pod = adopted(networked(WAITING_NOTE), a_set())

    assert trigger_network(pod, NetworkStatus(), NOW, DEFAULT_PATIENCE) is pod


@pytest.mark.parametrize(
    ("pod", "unchanged", "seconds"),
    [
        (networked(READY_NOTE), 1, None),
        (networked(READY_NOTE, disabled="true"), 1, 5.0),
        (networked(WAITING_NOTE), 1, 5.0),
        (networked(), 11, 5.0),
        (networked(), 12, 60.0),
    ],
)
def test_a_plugin_is_asked_again_until_the_network_is_as_it_should_be_and_later_seldom(
    pod: Pod, unchanged: int, seconds: float | None
) -> None:
    again = time_to_ask(pod, unchanged, DEFAULT_PATIENCE)

    assert again == (None if seconds is None else timedelta(seconds=seconds))


DENIED = 'admission webhook "mgameserverset.kb.io" denied the request: no port is left'
KNOWN = (GameServerCondition(type="NetworkNormal", status="False", message="no port is left"),)
WAITING = '{"currentNetworkState":"NotReady"}'


@pytest.mark.parametrize(
    ("pod", "stored", "refusal", "trouble"),
    [
        (networked(WAITING), (), DENIED, "no port is left"),
        (networked(WAITING), (), "exceeded quota", ""),
        (networked(WAITING), KNOWN, None, "no port is left"),
        (networked(WAITING), (), None, ""),
        (networked(WAITING), KNOWN, "", ""),
        (a_pod(), KNOWN, None, ""),
        (networked('{"currentNetworkState":"Ready"}'), KNOWN, None, ""),
    ],
)
def test_what_a_plugin_said_when_it_refused_holds_until_it_refuses_no_more(
    pod: Pod, stored: tuple[GameServerCondition, ...], refusal: str | None, trouble: str
) -> None:
    assert trouble_of_network(pod, stored, refusal) == trouble
