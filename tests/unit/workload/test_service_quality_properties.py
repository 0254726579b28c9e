"""Probes that report whatever they like, for as long as they like."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import accumulate

from hypothesis import given, strategies as st
from msgspec.structs import replace

from okg.api.core import Pod, PodCondition
from okg.api.game import GameServer, ServiceQuality, ServiceQualityAction
from okg.workload.service_quality import evaluate_qualities
from unit.fleet import NOW, a_pod, a_server

RESULTS = st.none() | st.tuples(st.sampled_from(["True", "False"]), st.sampled_from(["1", "2"]))
NAMES = ("a", "b", "c")


def a_report(**results: tuple[str, str] | None) -> Pod:
    """Return a pod with the results of the qualities that have one."""
    pod = a_pod()
    seen = tuple(
        PodCondition(type=f"game.kruise.io/{name}", status=result[0], message=result[1])
        for name, result in results.items()
        if result is not None
    )
    return replace(pod, status=replace(pod.status, conditions=seen))


def a_quality(name: str, *, permanent: bool) -> ServiceQuality:
    """Return a quality whose every result says in the annotation ``by`` who spoke last."""
    said = {"by": name + "{{.Result}}"}
    return ServiceQuality(
        name=name,
        permanent=permanent,
        service_quality_action=(
            ServiceQualityAction(state=True, ops_state=name, annotations=said),
            ServiceQualityAction(state=False, annotations=said),
        ),
    )


def history(qualities: Sequence[ServiceQuality], pods: Sequence[Pod]) -> list[GameServer]:
    """Return a server as it is stored after each of the reports."""

    def stored(server: GameServer, pod: Pod) -> GameServer:
        outcome = evaluate_qualities(qualities, pod, server, NOW)
        status = replace(server.status, service_qualities_conditions=outcome.conditions)
        return replace(outcome.server, status=status)

    return [*accumulate(pods, stored, initial=a_server())][1:]


@given(st.lists(RESULTS.filter(lambda result: result is not None), min_size=1))
def test_a_permanent_quality_acts_once_for_as_long_as_its_condition_is_there(
    results: list[tuple[str, str]],
) -> None:
    servers = history([a_quality("a", permanent=True)], [a_report(a=r) for r in results])

    assert {server.metadata.annotations["by"] for server in servers} == {"a" + results[0][1]}


@given(RESULTS.filter(lambda result: result is not None), RESULTS)
def test_a_permanent_quality_acts_again_for_another_pod(
    first: tuple[str, str], second: tuple[str, str] | None
) -> None:
    reports = [a_report(a=first), a_report(), a_report(a=second)]

    *_, server = history([a_quality("a", permanent=True)], reports)

    assert server.metadata.annotations["by"] == "a" + (second or first)[1]


@given(st.permutations(NAMES), st.fixed_dictionaries(dict.fromkeys(NAMES, RESULTS)))
def test_of_qualities_that_speak_at_once_the_last_in_the_list_decides(
    order: list[str], results: dict[str, tuple[str, str] | None]
) -> None:
    qualities = [a_quality(name, permanent=False) for name in order]

    [server] = history(qualities, [a_report(**results)])

    spoke = [name + result[1] for name in order if (result := results[name])]
    assert server.metadata.annotations == ({"by": spoke[-1]} if spoke else {})


@given(
    st.lists(st.fixed_dictionaries(dict.fromkeys(NAMES, RESULTS)), min_size=1),
    st.fixed_dictionaries(dict.fromkeys(NAMES, st.booleans())),
)
def test_what_was_heard_before_changes_nothing(
    reports: list[dict[str, tuple[str, str] | None]], permanent: dict[str, bool]
) -> None:
    qualities = [a_quality(name, permanent=permanent[name]) for name in NAMES]
    *_, server = history(qualities, [a_report(**results) for results in reports])

    again = evaluate_qualities(
        qualities, a_report(**reports[-1]), server, NOW + timedelta(minutes=1)
    )

    assert again.server is server
    assert again.conditions == server.status.service_qualities_conditions
    assert again.notices == ()
