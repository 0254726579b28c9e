"""Records sets and servers in the states that tools tell apart, for ``tests/integration``.

    .venv/bin/python hack/record_objects.py

Takes three minutes: a control plane with OpenKruise, simulated nodes that take two seconds to start
a container, and the manager. What is recorded is whatever the objects are when they are in that
state; the verdicts on them are in ``tests/integration/test_delivery.py``.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import yaml

from integration.arena import Arena, in_place, open_arena, template
from integration.delivery import RECORDED
from integration.rendering import Rendered
from okg.testing.eventually import eventually

GAME = "/apis/game.kruise.io/v1alpha1"
MERGE_PATCH = "application/merge-patch+json"
SETS, SERVERS = "gameserversets", "gameservers"
SLOWLY = in_place(maxUnavailable=1, inPlaceUpdateStrategy={"gracePeriodSeconds": 2})
HELD: Mapping[str, object] = {
    "lifecycle": {"preDelete": {"labelsHandler": {"game/online": "true"}}},
    "gameServerTemplate": template() | {"metadata": {"labels": {"game/online": "true"}}},
}
GATED = {
    "spec": {
        "containers": [{"name": "game", "image": "game:1"}],
        "readinessGates": [{"conditionType": "game/up"}],
    }
}
NODE_PORT = {
    "networkType": "Kubernetes-NodePort",
    "networkConf": [{"name": "PortProtocols", "value": "80"}],
}
BALANCER = {
    "networkType": "AlibabaCloud-NLB",
    "networkConf": [{"name": "NlbIds", "value": "nlb-1"}, {"name": "PortProtocols", "value": "80"}],
}
ONE_PORT = """\
[alibabacloud]
enable = true
[alibabacloud.slb]
max_port = 600
min_port = 500
[alibabacloud.nlb]
max_port = 1000
min_port = 1000
"""

State = Callable[[Rendered], bool]


class Recorder:
    """Records the objects of one namespace."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.namespace = arena.namespace()
        self.create = partial(arena.create_set, self.namespace, "a")
        self.edit = partial(arena.edit_set, self.namespace, "a")

    def read(self, plural: str, name: str) -> Rendered:
        """Return an object without what tells who wrote it."""
        found: dict[str, Any] = self.arena.rest.get(self._path(plural, name))
        found["metadata"].pop("managedFields", None)
        return found

    def reach(self, state: State, plural: str = SETS, name: str = "a") -> Rendered:
        """Return an object once it is in a state."""

        def look() -> Rendered | None:
            found = self.read(plural, name)
            return found if state(found) else None

        found = eventually(look, within=60, every=0.02)
        assert found is not None
        return found

    def keep_set(self, title: str, state: State) -> None:
        """Record the set once it is in a state."""
        write(f"gameserverset-{title}", self.reach(state))

    def keep_server(self, title: str, state: State, name: str = "a-0") -> None:
        """Record a server once it is in a state."""
        eventually(lambda: name in self.arena.servers(self.namespace), within=60)
        write(f"gameserver-{title}", self.reach(state, SERVERS, name))

    def delete(self, plural: str, name: str) -> None:
        """Delete an object as one that waits for what it owns."""
        body = {"propagationPolicy": "Foreground"}
        self.arena.rest.call("DELETE", self._path(plural, name), body)

    def fail_pod(self, name: str) -> None:
        """Let a pod fail as one that its node throws out."""
        status = {"phase": "Failed", "reason": "Evicted", "message": "the node is low on memory"}
        path = f"/api/v1/namespaces/{self.namespace}/pods/{name}/status"
        self.arena.rest.call("PATCH", path, {"status": status}, content_type=MERGE_PATCH)

    def _path(self, plural: str, name: str) -> str:
        return f"{GAME}/namespaces/{self.namespace}/{plural}/{name}"


def write(name: str, found: Rendered) -> None:
    """Keep an object."""
    text = yaml.safe_dump(found, sort_keys=False, width=100)
    (RECORDED / f"{name}.yaml").write_text(text)
    print(name)


def says(reason: str) -> State:
    """Return whether a set's Ready has a reason, and is about its present spec."""

    def test(found: Rendered) -> bool:
        status, generation = found.get("status", {}), found["metadata"]["generation"]
        told = {c["type"]: c["reason"] for c in status.get("conditions", ())}
        return status.get("observedGeneration") == generation and told.get("Ready") == reason

    return test


def is_in(state: str) -> State:
    """Return whether a server is in a state."""
    return lambda found: bool(found.get("status", {}).get("currentState") == state)


def is_maintained(found: Rendered) -> bool:
    """Whether somebody works on a server."""
    return bool(found["spec"]["opsState"] == "Maintaining")


def goes(found: Rendered) -> bool:
    """Whether an object is on its way out."""
    return "deletionTimestamp" in found["metadata"]


def waits_for_its_network(found: Rendered) -> bool:
    """Whether a server is Ready and its network is not."""
    network = found.get("status", {}).get("networkStatus", {})
    return is_in("Ready")(found) and network.get("currentNetworkState") == "NotReady"


def lacks_its_network(found: Rendered) -> bool:
    """Whether a server is Ready and cannot have its network."""
    told = {c["type"]: c["status"] for c in found.get("status", {}).get("conditions", ())}
    return is_in("Ready")(found) and told.get("NetworkNormal") == "False"


def record_a_life(arena: Arena) -> None:
    """Record a set from its creation to a spec that nobody has looked at."""
    life = Recorder(arena)
    life.create(replicas=3, updateStrategy=SLOWLY)
    write("gameserverset-new", life.read(SETS, "a"))
    with arena.manager("--workload-backend=kruise"):
        life.keep_set("creating", says("Creating"))
        life.keep_set("ready", says("Complete"))
        life.keep_server("ready", is_in("Ready"))
        life.edit({"replicas": 5})
        life.keep_set("not-ready", says("ServersNotReady"))
        life.reach(says("Complete"))
        life.edit({"gameServerTemplate": template("game:2")})
        life.keep_set("updating", says("RollingOut"))
        life.keep_server("updating", is_in("Updating"), "a-3")
        life.edit({"updateStrategy": {"rollingUpdate": {"paused": True}}})
        life.keep_set("paused", says("Paused"))
        life.edit({"updateStrategy": {"rollingUpdate": {"paused": False, "partition": 4}}})
        life.keep_set("partition", says("PartitionReached"))
        arena.edit_server(life.namespace, "a-1", {"spec": {"opsState": "Maintaining"}})
        life.keep_server("maintaining", is_maintained, "a-1")
        life.edit({"replicas": 4, "reserveGameServerIds": ["9-2"]})
        life.keep_set("refused", says("InvalidSpec"))
        record_troubles(arena)
        arena.edit_server(life.namespace, "a-2", {"metadata": {"finalizers": ["game/saves"]}})
        life.delete(SERVERS, "a-2")
        life.keep_server("deleting", goes, "a-2")
        arena.edit_server(life.namespace, "a-2", {"metadata": {"finalizers": []}})
    life.edit({"replicas": 6})
    write("gameserverset-stale", life.read(SETS, "a"))


def record_troubles(arena: Arena) -> None:
    """Record what waits, and what has failed."""
    held = Recorder(arena)
    held.create(replicas=1, **HELD)
    held.reach(says("Complete"))
    held.edit({"replicas": 0})
    held.keep_server("pre-delete", is_in("PreDelete"))
    held.keep_set("scaling", says("Scaling"))
    gated = Recorder(arena)
    gated.create(replicas=1, gameServerTemplate=GATED)
    gated.keep_server("not-ready", is_in("NotReady"))
    failing = Recorder(arena)
    failing.create(replicas=1, network=NODE_PORT, **HELD)
    failing.keep_server("creating", is_in("Creating"))
    failing.keep_server("network-waiting", waits_for_its_network)
    failing.reach(says("Complete"))
    failing.fail_pod("a-0")
    failing.keep_server("crash", is_in("Crash"))
    failing.keep_set("crashed", says("ServersCrashed"))
    failing.delete(SETS, "a")
    failing.keep_set("deleting", goes)


def record_a_full_pool(arena: Arena, folder: Path) -> None:
    """Record a server for which no port is left."""
    config = folder / "config.toml"
    config.write_text(ONE_PORT)
    with arena.manager("--workload-backend=native", f"--provider-config={config}"):
        full = Recorder(arena)
        full.create(replicas=1, network=BALANCER)
        full.reach(lambda found: found.get("status", {}).get("readyReplicas") == 1)
        full.edit({"replicas": 2})
        full.keep_server("network-refused", lacks_its_network, "a-1")


def main() -> None:
    """Record everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with open_arena(folder, start_delay=timedelta(seconds=2)) as arena:
            record_a_life(arena)
            record_a_full_pool(arena, folder)


if __name__ == "__main__":
    main()
