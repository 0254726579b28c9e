"""What a controller is made from, in memory."""

from collections.abc import Callable, Iterable

from okg.api.resource import O
from unit.controllers.memory import MemoryClient, MemoryRecorder


class Host:
    """What a controller is made from."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.components: list[str] = []
        self.indexes: list[str] = []

    def index(self, kind: type[O], name: str, function: Callable[[O], Iterable[str]]) -> None:
        self.indexes.append(name)

    def recorder_for(self, component: str) -> MemoryRecorder:
        self.components.append(component)
        return MemoryRecorder()
