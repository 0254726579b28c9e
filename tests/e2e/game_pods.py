"""Games in real containers: their images on a node, what they answer, commands in them."""

from typing import Any

import urllib3
from kubernetes import client as k8s
from kubernetes.stream import stream

from okg.testing.game_image import make_game
from okg.testing.images import Image
from okg.testing.real_node import RealNode


def load_game(node: RealNode, tag: str, *, version: str | None = None) -> Image:
    """Make the game's image known to a node."""
    image = make_game(tag, version=version, busybox=node.busybox)
    node.load(image)
    return image


# Any: in the typed model every field of a Pod may be None.
def container(found: Any, name: str) -> Any:
    """Return what a pod tells of one of its containers."""
    return next(status for status in found.status.container_statuses if status.name == name)


def get(address: str, path: str) -> str:
    """Ask a game; it listens a moment after its container has started."""
    retries = urllib3.Retry(connect=20, backoff_factor=0.05)
    answer = urllib3.request("GET", f"http://{address}{path}", retries=retries, timeout=5.0)
    return answer.data.decode()


def execute(core: k8s.CoreV1Api, namespace: str, name: str, *command: str) -> str:
    """Run a command in the game's container and return what it printed."""
    client = stream(
        core.connect_get_namespaced_pod_exec,
        name,
        namespace,
        container="game",
        command=list(command),
        stdout=True,
        stderr=True,
        _preload_content=False,  # else the socket is left to the garbage collector
    )
    try:
        client.run_forever(timeout=30)
        return str(client.read_all())
    finally:
        client.close()
