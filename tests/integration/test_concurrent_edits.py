"""Every field that belongs to users, edited for a minute while the manager writes beside it."""

import random
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

import msgspec
import pytest
import urllib3

from integration.arena import Arena, ManagerProcess, in_place, names, template
from okg.testing.eventually import eventually

pytestmark = [pytest.mark.integration, pytest.mark.stress]

SECONDS = 60.0
GAME = "/apis/game.kruise.io/v1alpha1"
MERGE = "application/merge-patch+json"


class Field(msgspec.Struct, frozen=True):
    """A field of one object, and the value its owner gives it at the n-th edit."""

    resource: str
    path: tuple[str, ...]
    value: Callable[[int], object]

    def patch(self, number: int) -> object:
        change = self.value(number)
        for key in reversed(self.path):
            change = {key: change}
        return change

    def read(self, obj: object) -> object:
        for key in self.path:
            obj = obj.get(key) if isinstance(obj, Mapping) else None
        return obj


def _text(number: int) -> str:
    return f"edit-{number}"


def _number(number: int) -> int:
    return number


SET = f"{GAME}/namespaces/{{}}/gameserversets/a"
SERVER = f"{GAME}/namespaces/{{}}/gameservers/a-0"
POD = "/api/v1/namespaces/{}/pods/a-0"
WORKLOAD = "/apis/apps.kruise.io/v1beta1/namespaces/{}/statefulsets/a"
ROLLING = ("spec", "updateStrategy", "rollingUpdate")

FIELDS = [
    Field(SET, ("metadata", "labels", "users.example/own"), _text),
    Field(SET, ("metadata", "annotations", "users.example/own"), _text),
    Field(SET, ("spec", "replicas"), lambda n: 3 + n % 4),
    Field(SET, ("spec", "reserveGameServerIds"), lambda n: [50 + n % 7]),
    Field(SET, ("spec", "scaleStrategy", "maxUnavailable"), lambda n: 10 + n % 9),
    Field(SET, (*ROLLING, "maxUnavailable"), lambda n: 1 + n % 9),
    Field(SET, (*ROLLING, "minReadySeconds"), lambda n: n % 3),
    Field(SET, (*ROLLING, "inPlaceUpdateStrategy", "gracePeriodSeconds"), lambda n: n % 5),
    Field(SET, ("spec", "gameServerTemplate", "metadata", "annotations", "own"), _text),
    Field(SET, ("spec", "gameServerTemplate", "spec", "priorityClassName"), lambda _: ""),
    Field(
        SET,
        ("spec", "persistentVolumeClaimRetentionPolicy", "whenScaled"),
        lambda n: ["Retain", "Delete"][n % 2],
    ),
    # Both rank below the other servers' None, so that it is never this one that is scaled away.
    Field(SERVER, ("spec", "opsState"), lambda n: ["Allocated", "Maintaining"][n % 2]),
    Field(SERVER, ("spec", "updatePriority"), _number),
    Field(SERVER, ("spec", "deletionPriority"), _number),
    Field(SERVER, ("spec", "networkDisabled"), lambda n: n % 2 == 0),
    Field(
        SERVER,
        ("spec", "containers"),
        lambda n: [{"name": "game", "resources": {"limits": {"cpu": str(1 + n % 8)}}}],
    ),
    Field(SERVER, ("metadata", "labels", "users.example/own"), _text),
    Field(SERVER, ("metadata", "annotations", "gs-sync/own"), _text),
    Field(POD, ("metadata", "labels", "users.example/own"), _text),
    Field(POD, ("metadata", "annotations", "users.example/own"), _text),
    Field(WORKLOAD, ("metadata", "annotations", "users.example/own"), _text),
    Field(WORKLOAD, ("spec", "revisionHistoryLimit"), lambda n: 5 + n % 5),
]


class Owner:
    """Edits one field again and again, and looks whether the last edit is still there."""

    def __init__(self, arena: Arena, namespace: str, field: Field, over: threading.Event) -> None:
        self.field = field
        self.edits = 0
        self.lost: list[str] = []
        self._rest = arena.rest
        self._resource = field.resource.format(namespace)
        self._over = over
        self._random = random.Random(str(field.path))

    def run(self) -> None:
        while not self._over.wait(self._random.uniform(0.05, 0.3)):
            if self.edits:
                self.look()
            self.edits += 1
            change = self.field.patch(self.edits)
            self._rest.call("PATCH", self._resource, change, content_type=MERGE)

    def look(self) -> None:
        wanted = self.field.value(self.edits)
        found = self.field.read(self._rest.get(self._resource))
        if found != wanted:
            self.lost.append(f"{'.'.join(self.field.path)}: {found!r} instead of {wanted!r}")


@contextmanager
def _busy(owners: list[Owner], over: threading.Event) -> Generator[None]:
    threads = [threading.Thread(target=owner.run) for owner in owners]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _patches(manager: ManagerProcess) -> float:
    """How many patches the manager has sent."""
    text = urllib3.request("GET", f"{manager.metrics}/metrics").data.decode()
    lines = (line for line in text.splitlines() if line.startswith("rest_client_requests_total"))
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'method="PATCH"' in line)


def _is_maintained(arena: Arena, namespace: str) -> bool:
    labels = arena.pods(namespace)["a-0"].metadata.labels
    return labels["game.kruise.io/gs-opsState"] == "Maintaining"


def test_no_edit_of_a_user_is_lost(arena: Arena) -> None:
    namespace, over = arena.namespace(), threading.Event()
    with arena.manager() as manager:
        # Kept on the old revision: what is edited is the set, and its pods stay the same.
        arena.create_set(namespace, "a", replicas=3, updateStrategy=in_place(partition=100))
        eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)
        arena.edit_server(namespace, "a-0", {"spec": {"opsState": "Maintaining"}})
        eventually(lambda: _is_maintained(arena, namespace))
        before = _patches(manager)
        owners = [Owner(arena, namespace, field, over) for field in FIELDS]

        with _busy(owners, over):
            time.sleep(SECONDS)
        patches = _patches(manager) - before
        time.sleep(2.0)
        for owner in owners:
            owner.look()

    assert [loss for owner in owners for loss in owner.lost] == []
    assert min(owner.edits for owner in owners) > SECONDS / 2
    assert patches > SECONDS, "the manager had nothing to write beside the edits"


def test_the_manager_follows_the_last_edit(arena: Arena) -> None:
    namespace, over = arena.namespace(), threading.Event()
    with arena.manager():
        arena.create_set(
            namespace,
            "a",
            replicas=3,
            updateStrategy=in_place(),
            gameServerTemplate=template(),
        )
        eventually(lambda: arena.ready(namespace) == names("a", range(3)), within=60)
        labels = [f for f in FIELDS if f.path in {("spec", "opsState"), ("spec", "updatePriority")}]
        owners = [Owner(arena, namespace, field, over) for field in labels]

        with _busy(owners, over):
            time.sleep(5.0)
        ops_state, priority = (owner.field.value(owner.edits) for owner in owners)

        def mirrored() -> bool:
            found = arena.pods(namespace)["a-0"].metadata.labels
            return found["game.kruise.io/gs-opsState"] == ops_state and found[
                "game.kruise.io/gs-update-priority"
            ] == str(priority)

        eventually(mirrored, within=20)
