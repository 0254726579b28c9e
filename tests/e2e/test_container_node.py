"""Real containers: what the other end-to-end tests rely on."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client as k8s, config as k8s_config

from e2e.game_pods import container, execute, get, load_game
from okg.testing.container_node import ContainerNode
from okg.testing.eventually import eventually
from okg.testing.game_image import GAME_PORT, PODINFO, STATE_FILE, make_game
from okg.testing.images import Image
from okg.testing.port_rules import PortRules
from okg.testing.processes import StartFailed

pytestmark = pytest.mark.e2e

NAMESPACE = "default"
PODINFO_VOLUME = {
    "name": "podinfo",
    "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]},
}


@pytest.fixture
def core(container_node: ContainerNode) -> Generator[k8s.CoreV1Api]:
    """The official client."""
    kubeconfig = str(container_node.plane.kubeconfig)
    with k8s_config.new_client_from_config(kubeconfig) as api:  # type: ignore[no-untyped-call]  # it has no annotations
        yield k8s.CoreV1Api(api)


def pod(
    name: str, image: Image, *others: dict[str, object], on: str = "", host_port: int = 0
) -> dict[str, object]:
    game = {
        "name": "game",
        "image": image.reference,
        "volumeMounts": [{"name": "podinfo", "mountPath": PODINFO}],
        "ports": [{"containerPort": GAME_PORT, "hostPort": host_port}] if host_port else [],
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"state": "idle"}},
        "spec": {"nodeName": on, "containers": [game, *others], "volumes": [PODINFO_VOLUME]},
    }


def sidecar(image: Image) -> dict[str, object]:
    return {"name": "sidecar", "image": image.reference, "command": ["sleep", "3600"]}


def set_image(core: k8s.CoreV1Api, name: str, image: Image) -> None:
    change = {"spec": {"containers": [{"name": "game", "image": image.reference}]}}
    core.patch_namespaced_pod(name, NAMESPACE, change)


# Any: in the typed model every field of a Pod may be None.
def running(core: k8s.CoreV1Api, name: str, *, within: float = 30.0) -> Any:
    def ready() -> Any:
        found: Any = core.read_namespaced_pod(name, NAMESPACE)
        statuses = found.status.container_statuses or []
        return found if statuses and all(status.ready for status in statuses) else None

    return eventually(ready, within=within)


def restarted(core: k8s.CoreV1Api, name: str, *, within: float) -> Any:
    def done() -> Any:
        found: Any = core.read_namespaced_pod(name, NAMESPACE)
        status = container(found, "game")
        return found if status.ready and status.restart_count else None

    return eventually(done, within=within)


def waiting_reason(core: k8s.CoreV1Api, name: str) -> str:
    found: Any = core.read_namespaced_pod(name, NAMESPACE)
    states = [status.state.waiting for status in found.status.container_statuses or []]
    return str(states[0].reason) if states and states[0] else ""


def processes(node_folder: Path, group: str) -> set[str]:
    """Ids of the processes that a node has started or that run in its containers."""
    found: set[str] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_text(errors="replace")
            groups = (folder / "cgroup").read_text()
        except OSError:
            continue
        if str(node_folder) in command or f"/{group}/" in groups:
            found.add(folder.name)
    return found


def network_devices() -> set[str]:
    return {device.name for device in Path("/sys/class/net").iterdir()}


def ports(bridge: str) -> set[str]:
    return {port.name for port in Path(f"/sys/class/net/{bridge}/brif").iterdir()}


def control_groups(name: str) -> list[Path]:
    return list(Path("/sys/fs/cgroup").glob(f"**/{name}/"))


def rules(node: ContainerNode, bridge: str) -> list[str]:
    """Rules that lead ports to pods on a bridge, as the program that a node has tells them."""
    return PortRules(node.folder / "bin/iptables", bridge).lines()


def mounts() -> str:
    """What this process has mounted that a node mounts, too."""
    lines = Path("/proc/self/mounts").read_text().splitlines(keepends=True)
    return "".join(line for line in lines if "okg" in line)


def test_a_pod_answers_its_version_from_its_address(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    image = load_game(container_node, "1.0")

    container_node.plane.apply(pod("answers", image))

    found = running(core, "answers")
    assert get(found.status.pod_ip, "/version") == "1.0\n"
    assert container(found, "game").image_id == image.image_id
    assert found.spec.node_name == "container-node"


def test_a_port_of_the_node_leads_to_a_pod(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    image = load_game(container_node, "1.0")

    container_node.plane.apply(pod("exposed", image, host_port=8123))

    address = running(core, "exposed").status.host_ip
    assert get(f"{address}:8123", "/version") == "1.0\n"
    core.delete_namespaced_pod("exposed", NAMESPACE)
    eventually(lambda: rules(container_node, container_node.bridge) == [], within=15)


def test_a_command_runs_in_a_container_through_the_api_server(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    container_node.plane.apply(pod("executes", load_game(container_node, "1.0")))
    found = running(core, "executes")

    execute(core, NAMESPACE, "executes", "sh", "-c", f"echo busy >{STATE_FILE}")

    assert execute(core, NAMESPACE, "executes", "cat", STATE_FILE) == "busy\n"
    assert get(found.status.pod_ip, "/state") == "busy\n"


def test_a_changed_image_restarts_only_its_container(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    old, new = load_game(container_node, "1.0"), load_game(container_node, "2.0")
    container_node.plane.apply(pod("updates", old, sidecar(old)))
    before = running(core, "updates")

    set_image(core, "updates", new)

    after = restarted(core, "updates", within=5)
    assert get(after.status.pod_ip, "/version") == "2.0\n"
    assert container(after, "game").restart_count == 1
    assert container(after, "game").image_id == new.image_id
    assert container(after, "sidecar") == container(before, "sidecar")
    assert after.metadata.uid == before.metadata.uid
    assert after.status.pod_ip == before.status.pod_ip


def test_another_tag_of_the_same_image_restarts_the_container_and_keeps_the_id(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    first = load_game(container_node, "1.0")
    second = load_game(container_node, "stable", version="1.0")
    container_node.plane.apply(pod("retags", first))
    running(core, "retags")

    set_image(core, "retags", second)

    after = restarted(core, "retags", within=5)
    # Which of the two tags the status names is the container runtime's choice.
    assert container(after, "game").restart_count == 1
    assert container(after, "game").image_id == first.image_id


def test_a_mounted_label_follows_the_pod(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    container_node.plane.apply(pod("labelled", load_game(container_node, "1.0")))
    address = running(core, "labelled").status.pod_ip
    before = get(address, "/podinfo/labels")

    core.patch_namespaced_pod("labelled", NAMESPACE, {"metadata": {"labels": {"state": "busy"}}})

    assert before == 'state="idle"'
    assert eventually(lambda: get(address, "/podinfo/labels") == 'state="busy"', within=10)


def test_an_image_that_was_not_loaded_is_never_pulled(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    unknown = make_game("unknown", busybox=container_node.programs.busybox)

    container_node.plane.apply(pod("unpulled", unknown))

    assert eventually(lambda: waiting_reason(core, "unpulled") == "ErrImagePull", within=10)


def test_an_archive_that_is_none_is_an_error_with_the_runtimes_words(
    container_node: ContainerNode,
) -> None:
    with pytest.raises(StartFailed, match=r"okg\.test/none:1 failed"):
        container_node.load(Image("okg.test/none:1", "", b"not an archive"))


def test_nothing_is_left_when_a_node_has_stopped(
    container_node: ContainerNode, core: k8s.CoreV1Api
) -> None:
    setting = Path("/proc/sys/vm/overcommit_memory").read_text()
    node = ContainerNode(container_node.plane, name="second-node")
    node.start()
    folder, bridge = node.folder, node.bridge
    node.plane.apply(pod("lost", load_game(node, "1.0"), on="second-node", host_port=8123))
    running(core, "lost")
    during, devices = processes(folder, bridge), {bridge, *ports(bridge)}
    led = rules(container_node, bridge)

    node.stop()

    # unshare, init, containerd, kubelet, shim, sandbox, and the two of the game.
    assert len(during) >= 8
    assert len(devices) == 2
    assert processes(folder, bridge) == set()
    assert len(led) == 1
    assert rules(container_node, bridge) == []
    assert devices & network_devices() == set()
    assert control_groups(bridge) == []
    assert mounts() == ""
    assert Path("/proc/sys/vm/overcommit_memory").read_text() == setting
    assert not folder.exists()
