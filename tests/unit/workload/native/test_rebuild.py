from hypothesis import given, strategies as st

from okg.workload.native.rebuild import rebuild_statefulset
from okg.workload.ordinals import format_ordinals, target_ordinals
from okg.workload.scaling import read_workload_reservations
from okg.workload.statefulset import build_statefulset
from unit.fleet import a_pod, a_set, pods


def test_a_set_without_servers_gets_the_workload_of_a_new_set() -> None:
    gss = a_set({"reserveGameServerIds": [1]})

    assert rebuild_statefulset(gss, []) == build_statefulset(gss)


def test_a_lost_record_is_rebuilt_around_the_servers_that_live() -> None:
    workload = rebuild_statefulset(a_set({"replicas": 1}), pods(1, 2, 6))

    assert workload.spec.replicas == 3
    assert workload.spec.reserve_ordinals == (0, "3-5")


def test_servers_on_their_way_out_and_pods_of_other_names_are_not_kept() -> None:
    leaving = [a_pod("xxx-4", terminating=True), a_pod("xxx-5", lifecycle="PreparingDelete")]

    workload = rebuild_statefulset(a_set(), [*pods(0, 1), *leaving, a_pod("xxx-debug")])

    assert workload.spec.replicas == 2
    assert workload.spec.reserve_ordinals == ()


def test_a_server_whose_id_the_user_reserves_is_not_kept() -> None:
    workload = rebuild_statefulset(a_set({"reserveGameServerIds": [1, 9]}), pods(0, 1, 2))

    assert workload.spec.replicas == 2
    assert workload.spec.reserve_ordinals == (1, 9)


def test_one_pod_of_a_senseless_id_does_not_reserve_all_ids_below() -> None:
    workload = rebuild_statefulset(a_set(), pods(0, 1, 2_000_000_000))

    assert workload.spec.replicas == 2
    assert workload.spec.reserve_ordinals == ()


@given(st.frozensets(st.integers(0, 15), min_size=1), st.frozensets(st.integers(0, 15)))
def test_no_server_goes_because_a_record_was_lost(
    living: frozenset[int], explicit: frozenset[int]
) -> None:
    gss = a_set({"reserveGameServerIds": list(format_ordinals(explicit)), "replicas": 3})

    workload = rebuild_statefulset(gss, pods(*living))

    reserved = read_workload_reservations(workload)
    wanted = target_ordinals(workload.spec.replicas or 0, reserved)
    assert explicit <= reserved
    assert wanted == (living - explicit or target_ordinals(3, explicit))
