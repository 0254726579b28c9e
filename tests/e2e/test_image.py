"""The manager's image by itself: what is in it, and how little it needs to run."""

import io
import json
import re
import tarfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kubernetes import client as k8s, config as k8s_config

from e2e.manager_image import REFERENCE, ManagerImage, build_manager_image
from okg.testing.container_node import ContainerNode
from okg.testing.eventually import eventually

pytestmark = pytest.mark.e2e

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
DISTRIBUTION = re.compile(
    r"opt/okg/lib/python3\.\d+/site-packages/([^/]+)-([^-/]+)\.dist-info/METADATA"
)


@pytest.fixture(scope="module")
def files(manager_image: ManagerImage) -> Mapping[str, tarfile.TarInfo]:
    """What the build has added to its base."""
    with tarfile.open(fileobj=io.BytesIO(manager_image.image.archive)) as image:
        manifest = image.extractfile("manifest.json")
        assert manifest is not None
        layer = image.extractfile(json.load(manifest)[0]["Layers"][-1])
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as members:
            return {member.name: member for member in members}


@pytest.fixture(scope="module")
def core(container_node: ContainerNode) -> Generator[k8s.CoreV1Api]:
    """The official client."""
    kubeconfig = str(container_node.plane.kubeconfig)
    with k8s_config.new_client_from_config(kubeconfig) as api:  # type: ignore[no-untyped-call]  # it has no annotations
        yield k8s.CoreV1Api(api)


@pytest.fixture(scope="module")
def restricted(container_node: ContainerNode, manager_image: ManagerImage) -> str:
    """A namespace that lets nothing in but restricted pods, on a node that has the image."""
    container_node.load(manager_image.image)
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": f"image-{uuid4().hex[:8]}", "labels": labels}
    container_node.plane.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    return str(metadata["name"])


def run(
    node: ContainerNode, core: k8s.CoreV1Api, namespace: str, **container: object
) -> tuple[str, int]:
    """Run the image as a restricted pod and return what it printed, and its exit code."""
    name = f"run-{uuid4().hex[:8]}"
    command = {"name": "okg", "image": REFERENCE, "securityContext": RESTRICTED, **container}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"restartPolicy": "Never", "containers": [command]},
    }
    node.plane.apply(pod)

    def exit_code() -> list[int]:
        # Any: in the typed model every field of a Pod may be None.
        found: Any = core.read_namespaced_pod(name, namespace)
        states = [status.state for status in found.status.container_statuses or ()]
        return [state.terminated.exit_code for state in states if state.terminated]

    [code] = eventually(exit_code, within=60)
    return str(core.read_namespaced_pod_log(name, namespace)), code


def test_two_builds_of_the_same_sources_are_the_same_image(
    manager_image: ManagerImage, tmp_path: Path
) -> None:
    again = build_manager_image(tmp_path)

    assert again == manager_image.image.image_id


def test_the_bill_of_materials_names_every_distribution_with_version_and_licence(
    manager_image: ManagerImage, files: Mapping[str, tarfile.TarInfo]
) -> None:
    bill = json.loads(manager_image.sbom)
    listed = [bill["metadata"]["component"], *bill["components"]]

    there = {found.groups() for name in files if (found := DISTRIBUTION.fullmatch(name))}
    assert ("okg", "0.1.0") in there
    assert {(normal(each["name"]), each["version"]) for each in listed} == {
        (normal(name), version) for name, version in there
    }
    assert [each["name"] for each in listed if not each.get("licenses")] == []


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_everything_is_compiled_and_nothing_that_builds_is_left(
    files: Mapping[str, tarfile.TarInfo],
) -> None:
    compiled = {name for name in files if "/okg/cmd/__pycache__/main.cpython" in name}

    assert len(compiled) == 1
    assert [name for name in files if "/site-packages/pip/" in name] == []
    assert {member.mtime for member in files.values()} == {1700000000}
    assert {member.uid for member in files.values()} == {0}


def test_it_runs_as_nobody_on_a_file_system_that_it_cannot_write(
    container_node: ContainerNode, core: k8s.CoreV1Api, restricted: str
) -> None:
    version = run(container_node, core, restricted, command=["okg", "version"])
    usage, code = run(container_node, core, restricted, command=["okg", "--help"])

    assert version == ("okg 0.1.0\n", 0)
    assert usage.startswith("usage: okg COMMAND [flags]")
    assert code == 0


def test_without_a_command_it_is_the_manager_with_the_flags_that_it_is_given(
    container_node: ContainerNode, core: k8s.CoreV1Api, restricted: str
) -> None:
    usage, code = run(container_node, core, restricted, args=["--help"])
    mistake, mistaken = run(
        container_node, core, restricted, command=["/manager"], args=["--no-such-flag"]
    )

    assert "-gameserver-workers" in usage
    assert code == 0
    assert "--no-such-flag" in mistake
    assert mistaken == 2
