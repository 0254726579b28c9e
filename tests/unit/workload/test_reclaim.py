from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from okg.api.game import GameServer
from okg.api.meta import OwnerReference
from okg.workload.reclaim import is_marked, is_scaled_away, mark_for_reclaim
from unit.fleet import a_server, a_set, a_workload

LABEL = "game.kruise.io/gs-deleting"
OWNER = "game.kruise.io/owner-gss"


def ours(
    name: str, *, kind: str = "GameServerSet", labels: Mapping[str, str] | None = None
) -> GameServer:
    """Return a server that a controller made."""
    owner = OwnerReference(api_version="v1", kind=kind, name="xxx", uid="u", controller=True)
    server = a_server(name=name)
    meta = replace(
        server.metadata, owner_references=(owner,), labels={OWNER: "xxx", **(labels or {})}
    )
    return replace(server, metadata=meta)


def test_servers_outside_the_managed_ids_are_marked_once() -> None:
    servers = [ours(f"xxx-{id_}") for id_ in (0, 2, 3, 4)]

    changes = mark_for_reclaim(servers, {0, 1})

    marked = {after.metadata.name: after.metadata.labels[LABEL] for _, after in changes}
    assert marked == {"xxx-2": "true", "xxx-3": "true", "xxx-4": "true"}
    assert mark_for_reclaim([after for _, after in changes], {0, 1}) == []


def test_a_server_whose_id_comes_back_loses_the_mark() -> None:
    server = ours("xxx-0", labels={LABEL: "true", "own": "kept"})

    [(before, after)] = mark_for_reclaim([server], {0})

    assert before is server
    assert after.metadata.labels == {OWNER: "xxx", LABEL: "false", "own": "kept"}


def test_servers_of_others_and_those_made_by_hand_are_left_alone() -> None:
    by_hand = replace(ours("xxx-5"), metadata=replace(ours("xxx-5").metadata, owner_references=()))

    assert mark_for_reclaim([ours("other-7"), by_hand], {0}) == []


@pytest.mark.parametrize(
    ("labels", "marked"), [({}, False), ({LABEL: "false"}, False), ({LABEL: "true"}, True)]
)
def test_only_the_text_true_is_a_mark(labels: dict[str, str], *, marked: bool) -> None:
    assert is_marked(a_server({"metadata": {"name": "xxx-0", "labels": labels}})) is marked


MARKED = {LABEL: "true"}


@pytest.mark.parametrize(
    ("server", "policy", "goes"),
    [
        (ours("xxx-2", labels=MARKED), "Delete", True),
        (ours("xxx-2"), "Delete", True),
        (ours("xxx-1", labels=MARKED), "Delete", False),
        (ours("xxx-1"), "Delete", False),
        (ours("xxx-0"), "Delete", True),
        (ours("xxx-2"), "Cascade", True),
        (ours("xxx-2"), "Keep", False),
        (ours("xxx-2", labels=MARKED), "Keep", True),
        (ours("xxx-2", kind="Pod", labels=MARKED), "Cascade", False),
        (a_server(name="xxx-2"), "Delete", False),
    ],
)
def test_a_server_without_a_pod_goes_when_the_workload_has_no_use_for_its_id(
    server: GameServer, policy: str, *, goes: bool
) -> None:
    gss = a_set({"gameServerTemplate": {"reclaimPolicy": policy}})
    workload = a_workload(1, [0])

    assert is_scaled_away(server, gss, workload) is goes


def test_without_a_workload_the_mark_decides() -> None:
    assert is_scaled_away(ours("xxx-1", labels=MARKED), a_set(), None)
    assert not is_scaled_away(ours("xxx-1"), a_set(), None)


def test_nothing_goes_by_a_list_that_cannot_be_read() -> None:
    workload = a_workload(1, ["x"])

    assert not is_scaled_away(ours("xxx-1", labels=MARKED), a_set(), workload)
