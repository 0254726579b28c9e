"""The storage against a model: any history can be read back and resumed from anywhere."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from okg.api.core import ConfigMap
from okg.testing.apiserver.kinds import Kind, native_kind
from okg.testing.apiserver.storage import Change, Storage

NAMES = st.sampled_from(["a", "b", "c"])


class Listener:
    """Replays what it hears into a copy of the collection."""

    def __init__(self) -> None:
        self.state: dict[str, int] = {}

    def offer(self, change: Change) -> None:
        if change.gone:
            del self.state[change.after.key]
        else:
            self.state[change.after.key] = change.revision


class StorageMachine(RuleBasedStateMachine):
    """Commits to one kind, with the state at each revision remembered."""

    @initialize()
    def start(self) -> None:
        self.kind: Kind = native_kind(ConfigMap.resource_type)
        self.storage = Storage()
        self.storage.add_kind(self.kind)
        self.past: dict[int, dict[str, int]] = {self.storage.revision: {}}
        self.oldest = self.storage.revision
        self.listeners: list[Listener] = []

    @rule(name=NAMES, value=st.integers(0, 9))
    def write(self, name: str, value: int) -> None:
        before = self.storage.read(self.kind, name)
        record = self.storage.commit(
            self.kind, before, {"metadata": {"name": name}, "value": value}, name
        )
        self.past[record.revision] = {**self.now, name: record.revision}

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        before = self.storage.read(self.kind, name)
        if before is not None:
            record = self.storage.commit(self.kind, before, None, name)
            left = {key: value for key, value in self.now.items() if key != name}
            self.past[record.revision] = left

    @rule(data=st.data())
    def listen(self, data: st.DataObject) -> None:
        since = data.draw(st.integers(self.oldest, self.storage.revision))
        listener = Listener()
        listener.state = dict(self.past[since])
        _, changes, _ = self.storage.subscribe(self.kind, listener, since)
        for change in changes:
            listener.offer(change)
        self.listeners.append(listener)

    @rule()
    def compact(self) -> None:
        self.oldest = self.storage.compact()

    @rule(data=st.data())
    def look_back(self, data: st.DataObject) -> None:
        revision = data.draw(st.integers(self.oldest, self.storage.revision))

        _, records = self.storage.snapshot(self.kind, revision)

        assert {record.key: record.revision for record in records} == self.past[revision]
        assert [record.key for record in records] == sorted(self.past[revision])

    @property
    def now(self) -> dict[str, int]:
        return self.past[max(self.past)]

    @invariant()
    def listeners_agree(self) -> None:
        assert [one.state for one in self.listeners] == [self.now] * len(self.listeners)


TestStorage = StorageMachine.TestCase
