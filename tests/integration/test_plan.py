"""`okg plan` against what then really happens."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from integration.arena import Arena, ManagerProcess, in_place, template
from okg.api.core import ConfigMap, Pod
from okg.api.kruise import AdvancedStatefulSet
from okg.testing.eventually import eventually

pytestmark = pytest.mark.integration

BACKENDS = ("kruise", "native")
OKG = Path(sys.executable).with_name("okg")


@pytest.fixture
def fleet(arena: Arena, manager: ManagerProcess) -> "Fleet":
    return Fleet(arena)


class Fleet:
    """Set ``a`` with five servers, and the manifest of it that is planned and applied."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.namespace = arena.namespace()
        self.spec: dict[str, object] = {
            "replicas": 5,
            "gameServerTemplate": template(),
            "updateStrategy": in_place(),
        }
        self._before: dict[str, Pod] = {}

    def play(self, **spec: object) -> None:
        """Create the set and wait until it is Ready."""
        self.spec |= spec
        self.arena.create_set(self.namespace, "a", **self.spec)
        eventually(self.is_ready, within=90)

    def is_ready(self) -> bool:
        gss = self.arena.get_set(self.namespace, "a")
        status, generation = gss.status, gss.metadata.generation
        conditions = status.conditions if status else ()
        return any(
            c.type == "Ready" and c.status == "True" and c.observed_generation == generation
            for c in conditions
        )

    def set_server(self, id_: int, label: str, **spec: object) -> None:
        """Edit one server and wait until its pod has a label that says so."""
        name = f"a-{id_}"
        self.arena.edit_server(self.namespace, name, {"spec": spec})
        value = str(next(iter(spec.values())))
        key = f"game.kruise.io/{label}"
        eventually(lambda: self.arena.pods(self.namespace)[name].metadata.labels.get(key) == value)

    def okg(self, *flags: str, **change: object) -> subprocess.CompletedProcess[str]:
        """Run `okg plan` on the manifest with a change."""
        manifest = {
            "apiVersion": "game.kruise.io/v1alpha1",
            "kind": "GameServerSet",
            "metadata": {"name": "a", "namespace": self.namespace},
            "spec": self.spec | change,
        }
        return subprocess.run(
            [OKG, "plan", "-f", "-", f"--kubeconfig={self.arena.plane.kubeconfig}", *flags],
            input=json.dumps(manifest),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def plan(self, **change: object) -> dict[str, str]:
        """Return what is planned for each server, when nothing was written meanwhile."""
        return eventually(lambda: self._plan(change), within=30)[0]

    def _plan(self, change: Mapping[str, object]) -> list[dict[str, str]]:
        before = self.everything()
        result = self.okg("-o", "json", **change)
        assert result.returncode == 0, result.stderr
        self._before = self.arena.pods(self.namespace)
        steps = json.loads(result.stdout)["sets"][0]["steps"]
        moves = {f"a-{step['id']}": step["action"] for step in steps if step["action"] != "keep"}
        return [moves] if self.everything() == before else []

    def happened(self, **change: object) -> dict[str, str]:
        """Apply the change, wait until it is done and return what became of each server."""
        self.spec |= change
        self.arena.edit_set(self.namespace, "a", self.spec)
        eventually(self.is_ready, within=120)
        after = self.arena.pods(self.namespace)
        told = {
            name: _became(self._before.get(name), after.get(name)) for name in self._before | after
        }
        return {name: action for name, action in told.items() if action}

    def everything(self) -> Mapping[str, str]:
        """Versions of all objects that a plan could write."""
        objects = [
            self.arena.get_set(self.namespace, "a"),
            *self.arena.admin.list(AdvancedStatefulSet, namespace=self.namespace),
            *self.arena.admin.list(ConfigMap, namespace=self.namespace),
            *self.arena.pods(self.namespace).values(),
            *self.arena.servers(self.namespace).values(),
        ]
        return {f"{o.resource_type.kind} {o.key}": o.metadata.resource_version for o in objects}


def with_cpu(amount: str) -> dict[str, object]:
    """Return a template whose server gets so much cpu."""
    resources = {"requests": {"cpu": amount}}
    containers = [{"name": "game", "image": "game:1", "resources": resources}]
    return template(spec={"containers": containers})


def _became(before: Pod | None, after: Pod | None) -> str:
    if before is None:
        return "come"
    if after is None:
        return "go"
    if after.metadata.uid != before.metadata.uid:
        return "recreate"
    return "" if after.spec == before.spec else "in-place"


def test_a_smaller_set_loses_the_servers_that_were_named(fleet: Fleet) -> None:
    fleet.play()
    fleet.set_server(0, "gs-opsState", opsState="WaitToBeDeleted")
    fleet.set_server(2, "gs-delete-priority", deletionPriority=7)
    fleet.set_server(4, "gs-opsState", opsState="Maintaining")

    planned = fleet.plan(replicas=2)

    assert planned == {"a-0": "go", "a-2": "go", "a-3": "go"}
    assert fleet.happened(replicas=2) == planned


def test_a_reserved_id_goes_and_the_next_free_one_comes(fleet: Fleet) -> None:
    fleet.play(scaleStrategy={"scaleDownStrategyType": "ReserveIds"})

    planned = fleet.plan(reserveGameServerIds=[1, "5-6"])

    assert planned == {"a-1": "go", "a-7": "come"}
    assert fleet.happened(reserveGameServerIds=[1, "5-6"]) == planned


def test_an_image_reaches_the_servers_that_a_partition_does_not_keep(fleet: Fleet) -> None:
    fleet.play(updateStrategy=in_place(partition=3))
    fleet.set_server(1, "gs-update-priority", updatePriority=10)

    planned = fleet.plan(gameServerTemplate=template("game:2"))

    assert planned == {"a-1": "in-place", "a-4": "in-place"}
    assert fleet.happened(gameServerTemplate=template("game:2")) == planned


def test_what_cannot_be_done_in_place_makes_new_pods(fleet: Fleet) -> None:
    fleet.play(replicas=2)
    changed = template()
    changed["spec"] = {
        "containers": [{"name": "game", "image": "game:2", "env": [{"name": "A", "value": "b"}]}]
    }

    planned = fleet.plan(gameServerTemplate=changed)

    assert planned == {"a-0": "recreate", "a-1": "recreate"}
    assert fleet.happened(gameServerTemplate=changed) == planned


def test_new_amounts_reach_running_servers_that_the_manager_has_made(
    fleet: Fleet, backend: str
) -> None:
    fleet.play(replicas=2, gameServerTemplate=with_cpu("500m"))

    planned = fleet.plan(gameServerTemplate=with_cpu("1"))

    expected = {"kruise": "recreate", "native": "in-place"}[backend]
    assert planned == {"a-0": expected, "a-1": expected}
    assert fleet.happened(gameServerTemplate=with_cpu("1")) == planned


def test_the_policy_re_create_makes_new_pods_for_an_image(fleet: Fleet) -> None:
    fleet.play(replicas=2, updateStrategy={"rollingUpdate": {"maxUnavailable": "100%"}})

    planned = fleet.plan(gameServerTemplate=template("game:2"))

    assert planned == {"a-0": "recreate", "a-1": "recreate"}
    assert fleet.happened(gameServerTemplate=template("game:2")) == planned


def test_a_roll_back_of_a_canary_touches_the_canary_alone(fleet: Fleet) -> None:
    fleet.play(replicas=3, updateStrategy=in_place(partition=2))
    fleet.plan()
    fleet.happened(gameServerTemplate=template("game:2"))

    planned = fleet.plan(gameServerTemplate=template(), updateStrategy=in_place(partition=0))

    assert planned == {"a-2": "in-place"}
    back = fleet.happened(gameServerTemplate=template(), updateStrategy=in_place(partition=0))
    assert back == planned


def test_an_unchanged_manifest_and_what_no_server_notices_plan_nothing(fleet: Fleet) -> None:
    fleet.play(replicas=2)

    unchanged = fleet.okg("--exit-code")
    reclaim = fleet.okg("--exit-code", gameServerTemplate=template(reclaimPolicy="Delete"))
    bigger = fleet.okg("--exit-code", replicas=3)

    assert (unchanged.returncode, reclaim.returncode, bigger.returncode) == (0, 0, 1)
    assert unchanged.stdout == (f"GameServerSet {fleet.namespace}/a: no server is touched\n")


def test_what_the_api_server_refuses_is_said(fleet: Fleet) -> None:
    fleet.play(replicas=1)

    result = fleet.okg(replicas=2, replcas=3)

    assert result.returncode == 2
    assert 'unknown field "spec.replcas"' in result.stdout


def test_what_openkruise_refuses_is_said(fleet: Fleet, backend: str) -> None:
    only = in_place(podUpdatePolicy="InPlaceOnly")
    fleet.play(replicas=1, updateStrategy=only)
    changed = template()
    changed["spec"] = {"containers": [{"name": "other", "image": "game:1"}]}

    result = fleet.okg(gameServerTemplate=changed)

    assert result.returncode == 0
    assert ("problem: OpenKruise refuses the template" in result.stdout) == (backend == "kruise")


def test_a_set_that_is_new_comes_whole(fleet: Fleet) -> None:
    result = fleet.okg(replicas=3, reserveGameServerIds=[1])

    assert result.returncode == 0, result.stderr
    assert result.stdout == (
        f"GameServerSet {fleet.namespace}/a: 3 come\n"
        "\n"
        "  ACTION  IDS    BATCH  REASON\n"
        "  come    0,2,3  1      the set is new\n"
    )
