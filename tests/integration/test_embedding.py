"""The embedding guide's code, run as it stands against a real API server."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from doc_examples import example
from integration.arena import Arena, names
from okg.api.core import Container, Node, Pod, PodSpec
from okg.api.meta import ObjectMeta
from okg.api.resource import Object
from okg.testing.eventually import eventually
from okg.testing.processes import ServerProcess

pytestmark = pytest.mark.integration


@contextmanager
def _running(code: str, kubeconfig: Path, folder: Path) -> Generator[ServerProcess]:
    """Run an example as a program of its own; it must also end well."""
    (folder / "example.py").write_text(code)
    process = ServerProcess(
        "example",
        [sys.executable, folder / "example.py"],
        log=folder / "log",
        environment={"KUBECONFIG": str(kubeconfig)},
    )
    try:
        yield process
    finally:
        running = process.running
        process.stop(grace=20)
    assert running, (folder / "log").read_text()


def test_the_custom_controller_labels_pods_and_follows_the_node(
    arena: Arena, tmp_path: Path
) -> None:
    code = example("embedding.md", "cordon")
    namespace = arena.namespace()
    pod = Pod(
        metadata=ObjectMeta(name="p", namespace=namespace),
        spec=PodSpec(containers=(Container(name="c", image="i:1"),)),
    )
    arena.admin.create(pod)

    with _running(code, arena.plane.kubeconfig, tmp_path):
        eventually(lambda: _label(arena, namespace) == "false", within=20)
        node = arena.pods(namespace)["p"].spec.node_name
        _cordon(arena, node, cordoned=True)
        eventually(lambda: _label(arena, namespace) == "true", within=20)
        _cordon(arena, node, cordoned=False)
        eventually(lambda: _label(arena, namespace) == "false", within=20)

    assert 20 <= len([line for line in code.splitlines() if line.strip()]) <= 45


def _label(arena: Arena, namespace: str) -> str | None:
    return arena.pods(namespace)["p"].metadata.labels.get("cordoned")


def _cordon(arena: Arena, node: str, *, cordoned: bool) -> None:
    path = Node.resource_type.path(name=node)
    change = {"spec": {"unschedulable": cordoned}}
    arena.rest.call("PATCH", path, change, content_type="application/merge-patch+json")


def test_the_reconcilers_run_in_a_foreign_manager(arena: Arena, tmp_path: Path) -> None:
    namespace = arena.namespace()
    arena.create_set(namespace, "a", replicas=2)

    with _running(example("embedding.md", "reconciler"), arena.kubeconfig, tmp_path):
        eventually(lambda: arena.ready(namespace) == names("a", range(2)), within=60)


def test_a_kind_of_ones_own_keeps_what_it_does_not_declare(arena: Arena) -> None:
    scope: dict[str, object] = {}
    exec(compile(example("embedding.md", "kind"), "kind", "exec"), scope)
    kind = scope["Backup"]
    assert isinstance(kind, type)
    assert issubclass(kind, Object)
    arena.plane.apply(_backup_crd())
    namespace = arena.namespace()
    stored = {"schedule": "@daily", "target": "elsewhere"}
    path = f"/apis/example.com/v1/namespaces/{namespace}/backups"
    manifest = {"apiVersion": "example.com/v1", "kind": "Backup", "metadata": {"name": "b"}}
    arena.rest.call("POST", path, {**manifest, "spec": stored})

    before = arena.admin.get(kind, namespace, "b")
    assert before is not None
    spec = msgspec.structs.replace(getattr(before, "spec"), keep=3)  # noqa: B009
    arena.admin.patch(before, msgspec.structs.replace(before, spec=spec))

    assert arena.rest.get(f"{path}/b")["spec"] == {**stored, "keep": 3}


def _backup_crd() -> dict[str, object]:
    spec = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "backups.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "backups", "singular": "backup", "kind": "Backup"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }
