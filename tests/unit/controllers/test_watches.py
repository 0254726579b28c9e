from okg.api.core import Node, Pod
from okg.api.meta import ObjectMeta
from okg.controllers import gameserver, gameserverset
from okg.controllers.gameserver.complaints import Complaints
from okg.controllers.indexes import indexes
from okg.runtime.reconcile import Request
from okg.runtime.watch import Watch
from okg.workload.notices import Notice
from unit.controllers.memory import MemoryClient
from unit.fleet import a_pod


def requests(watch: object, old: object, new: object) -> list[Request]:
    assert isinstance(watch, Watch)
    return list(watch.handler(old, new))


def test_a_pod_leads_to_the_set_it_belongs_to_and_the_one_it_belonged_to() -> None:
    before = a_pod(labels={"game.kruise.io/owner-gss": "old"})
    watch = gameserverset.watches()[1]

    assert requests(watch, before, a_pod()) == [Request("games", "old"), Request("games", "xxx")]
    assert requests(watch, None, Pod()) == []


def test_a_node_leads_to_the_servers_that_run_on_it() -> None:
    client = MemoryClient(a_pod("xxx-0"), a_pod("xxx-1", node="node-2"), a_pod("xxx-2"))
    watch = gameserver.watches(client)[2]
    node = Node(metadata=ObjectMeta(name="node-1"))

    assert requests(watch, node, node) == [Request("games", "xxx-0"), Request("games", "xxx-2")]


def test_a_pod_that_loses_its_label_leads_to_its_server_once_more() -> None:
    watch = gameserver.watches(MemoryClient())[1]
    assert isinstance(watch, Watch)
    assert watch.when is not None

    assert watch.when(a_pod(), Pod())
    assert watch.when(None, a_pod())
    assert not watch.when(Pod(), Pod())


def test_only_members_are_indexed() -> None:
    found = {(kind.__name__, name): list(function(Pod())) for kind, name, function in indexes()}

    assert found == {
        ("Pod", "owner-gss"): [],
        ("Pod", "owner-gss/facet"): [],
        ("Pod", "spec.nodeName"): [],
        ("GameServer", "owner-gss"): [],
    }


def test_a_standing_complaint_is_not_repeated_until_it_was_gone() -> None:
    complaints, about = Complaints(), Request("games", "xxx-0")
    bad, worse = Notice("r", "bad"), Notice("r", "worse")

    first = complaints.fresh(about, [bad])
    second = complaints.fresh(about, [bad, worse])
    complaints.forget(about)
    third = complaints.fresh(about, [bad])

    assert (first, second, third) == ([bad], [worse], [bad])
