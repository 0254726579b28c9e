import pytest

from okg.workload.reclaim import is_marked, mark_for_reclaim
from unit.fleet import a_server

LABEL = "game.kruise.io/gs-deleting"


def test_servers_outside_the_managed_ids_are_marked_once() -> None:
    servers = [a_server(name=f"xxx-{id_}") for id_ in (0, 2, 3, 4)]

    changes = mark_for_reclaim(servers, {0, 1})

    marked = {after.metadata.name: after.metadata.labels for _, after in changes}
    assert marked == {"xxx-2": {LABEL: "true"}, "xxx-3": {LABEL: "true"}, "xxx-4": {LABEL: "true"}}
    assert mark_for_reclaim([after for _, after in changes], {0, 1}) == []


def test_a_server_whose_id_comes_back_loses_the_mark() -> None:
    server = a_server({"metadata": {"name": "xxx-0", "labels": {LABEL: "true", "own": "kept"}}})

    [(before, after)] = mark_for_reclaim([server], {0})

    assert before is server
    assert after.metadata.labels == {LABEL: "false", "own": "kept"}


@pytest.mark.parametrize(
    ("labels", "marked"), [({}, False), ({LABEL: "false"}, False), ({LABEL: "true"}, True)]
)
def test_only_the_text_true_is_a_mark(labels: dict[str, str], *, marked: bool) -> None:
    assert is_marked(a_server({"metadata": {"name": "xxx-0", "labels": labels}})) is marked
