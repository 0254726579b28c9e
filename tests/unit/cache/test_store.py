"""The store shows the server's state, with our own writes on top until the watch has seen them."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from okg.api.core import ConfigMap
from okg.api.meta import ObjectMeta
from okg.cache.store import OWN_WRITE_LIFETIME, Change, Store
from okg.errors import NotCached


def _map(
    name: str, version: int, *, uid: str = "u", labels: dict[str, str] | None = None
) -> ConfigMap:
    return ConfigMap(
        metadata=ObjectMeta(
            name=name, namespace="n", uid=uid, resource_version=str(version), labels=labels or {}
        )
    )


def test_an_addition_a_change_and_a_removal_carry_the_old_value() -> None:
    store = Store[ConfigMap]()
    first, second, last = _map("a", 1), _map("a", 2), _map("a", 3)

    changes = [store.put(first), store.put(second), store.remove(last)]

    assert changes == [Change(None, first), Change(first, second), Change(second, None)]
    assert store.get(("n", "a")) is None


def test_a_list_reports_what_vanished_unseen() -> None:
    store = Store[ConfigMap]()
    gone, stays = _map("gone", 1), _map("stays", 2)
    store.put(gone)
    store.put(stays)

    changes = store.replace([stays, new := _map("new", 5)], "6")

    assert changes == [Change(gone, None), Change(stays, stays), Change(None, new)]


def test_an_own_write_is_shown_before_the_watch_tells_of_it() -> None:
    store = Store[ConfigMap]()
    store.put(_map("a", 5))

    store.wrote(written := _map("a", 8), 0.0)

    assert store.get(("n", "a")) == written


def test_an_older_event_does_not_undo_an_own_write() -> None:
    store = Store[ConfigMap]()
    store.wrote(written := _map("a", 8), 0.0)

    change = store.put(_map("a", 7))

    assert store.get(("n", "a")) == written
    assert change == Change(None, _map("a", 7))


def test_a_late_answer_does_not_bring_back_what_was_deleted() -> None:
    store = Store[ConfigMap]()
    store.put(_map("a", 5))
    store.remove(_map("a", 9))

    store.wrote(_map("a", 8), 0.0)

    assert store.get(("n", "a")) is None


def test_a_deleted_object_is_hidden_until_the_watch_says_what_is_there() -> None:
    store = Store[ConfigMap]()
    store.put(old := _map("a", 5))

    store.deleted(old, 0.0)
    hidden = store.get(("n", "a"))
    store.put(new := _map("a", 9, uid="v"))

    assert hidden is None
    assert store.get(("n", "a")) == new


def test_a_bookmark_confirms_own_writes_that_no_event_told_of() -> None:
    store = Store[ConfigMap]()
    store.wrote(_map("outside-the-selector", 8), 0.0)

    store.reached("9", 1.0)

    assert store.get(("n", "outside-the-selector")) is None


def test_a_list_without_an_own_write_that_no_event_told_of_says_that_it_is_gone() -> None:
    store = Store[ConfigMap]()
    store.wrote(written := _map("came-and-went", 8), 0.0)
    store.wrote(newer := _map("newer", 12), 0.0)

    changes = store.replace([], "11")

    assert changes == [Change(written, None)]
    assert store.list() == [newer]


def test_a_bookmark_says_what_readers_see_otherwise_because_of_it() -> None:
    store = Store[ConfigMap]()
    store.put(kept := _map("kept", 5))
    store.wrote(hidden := _map("hidden", 8), 0.0)
    store.deleted(kept, 0.0)

    assert store.reached("9", 1.0) == [Change(hidden, None), Change(None, kept)]
    assert store.reached("9", 1.0) == []


def test_an_own_write_that_is_never_confirmed_is_forgotten_in_the_end() -> None:
    store = Store[ConfigMap]()
    store.wrote(_map("a", 8), 0.0)

    store.reached("3", OWN_WRITE_LIFETIME)

    assert store.get(("n", "a")) is None


def test_a_watch_of_another_namespace_confirms_nothing() -> None:
    store = Store[ConfigMap](by_namespace=True)
    store.reached("9", 0.0, namespace="other")

    store.wrote(written := _map("a", 8), 0.0)
    store.reached("20", 1.0, namespace="other")
    shown = store.get(("n", "a"))
    store.reached("20", 1.0, namespace="n")

    assert shown == written
    assert store.get(("n", "a")) is None


def test_indexes_follow_own_writes() -> None:
    store = Store[ConfigMap]()
    store.add_index("app", lambda obj: [obj.metadata.labels.get("app", "")])
    store.put(_map("a", 5, labels={"app": "old"}))

    store.wrote(written := _map("a", 8, labels={"app": "new"}), 0.0)

    assert store.list(index=("app", "old")) == []
    assert store.list(index=("app", "new")) == [written]


def test_criteria_of_a_list_all_apply() -> None:
    store = Store[ConfigMap]()
    store.put(match := _map("a", 1, labels={"app": "x", "tier": "1"}))
    store.put(_map("b", 2, labels={"app": "x"}))

    assert store.list(namespace="n", labels={"app": "x", "tier": "1"}) == [match]
    assert store.list(namespace="other", labels={"app": "x"}) == []


def test_an_unknown_index_is_an_error_that_says_so() -> None:
    with pytest.raises(NotCached, match="no index 'node'"):
        Store[ConfigMap]().list(index=("node", "a"))


class StoreMachine(RuleBasedStateMachine):
    """A server with a lagging watch, and a store that is told of writes at once.

    Whatever the order of answers and events: when the watch has caught up, the store equals the
    server; and an object is never shown older than a write of ours whose answer we have.
    """

    names = Bundle("names")

    def __init__(self) -> None:
        super().__init__()
        self.store = Store[ConfigMap]()
        self.store.add_index("even", lambda o: [str(int(o.metadata.resource_version) % 2)])
        self.server: dict[str, ConfigMap] = {}
        self.version = 0
        self.events: list[tuple[bool, ConfigMap]] = []
        self.answers: list[ConfigMap] = []

    @rule(name=st.sampled_from("abc"))
    def write(self, name: str) -> None:
        self.version += 1
        obj = _map(name, self.version, uid=name)
        self.server[name] = obj
        self.events.append((False, obj))
        self.answers.append(obj)

    @rule(name=st.sampled_from("abc"))
    def delete(self, name: str) -> None:
        if name in self.server:
            self.version += 1
            del self.server[name]
            self.events.append((True, _map(name, self.version, uid=name)))

    @rule()
    def answer_arrives(self) -> None:
        if self.answers:
            self.store.wrote(self.answers.pop(0), 0.0)

    @rule()
    def event_arrives(self) -> None:
        if self.events:
            gone, obj = self.events.pop(0)
            change = self.store.remove(obj) if gone else self.store.put(obj)
            assert (change.new is None) == gone

    @rule()
    def relist(self) -> None:
        self.events.clear()
        self.store.replace(self.server.values(), str(self.version))

    @invariant()
    def caught_up_means_equal(self) -> None:
        if not self.events:
            self.store.reached(str(self.version), 0.0)
            shown = {obj.metadata.name: obj for obj in self.store.list()}
            assert shown == self.server

    @invariant()
    def the_index_agrees(self) -> None:
        indexed = [obj for value in ("0", "1") for obj in self.store.list(index=("even", value))]
        assert sorted(o.key for o in indexed) == sorted(o.key for o in self.store.list())
        counted = [self.store.count(("even", value)) for value in ("0", "1")]
        assert sum(counted) == len(indexed)


TestStoreMachine = StoreMachine.TestCase
