"""Manifests as an installation sends them: what kustomize and helm make of config and charts."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from okg.testing.binaries import HELM, KUSTOMIZE, Program, find_program

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts/okg"

Rendered = dict[str, Any]
"""An object; what it holds depends on its kind."""


class Refused(Exception):
    """Helm renders nothing of these values; the text says why."""


def kustomized(folder: str) -> list[Rendered]:
    """Return the objects of a folder below ``config``."""
    return _objects(_run(KUSTOMIZE, "build", str(ROOT / "config" / folder)))


def charted(*settings: str) -> list[Rendered]:
    """Return the objects of the chart, definitions included, with values as ``--set`` takes them.

    Raises:
        Refused: the values make no sense.
    """
    values = [f"--set={setting}" for setting in settings]
    release = ("template", "kruise-game", str(CHART), "--include-crds", "--kube-version=1.34.1")
    return _objects(_run(HELM, *release, *values))


def by_name(objects: list[Rendered]) -> Mapping[str, Rendered]:
    """Return objects by ``kind namespace/name``, without what only helm adds, volumes by name."""
    return {_name(bare): bare for bare in map(_bare, objects)}


def of_kind(objects: list[Rendered], *kinds: str) -> list[Rendered]:
    """Return the objects of some kinds."""
    return [found for found in objects if found["kind"] in kinds]


def given_groups(objects: list[Rendered]) -> set[str]:
    """Return the API groups of all rights."""
    roles = of_kind(objects, "ClusterRole", "Role")
    return {group for role in roles for rule in role["rules"] for group in rule["apiGroups"]}


def containers(objects: list[Rendered]) -> Mapping[str, Rendered]:
    """Return the manager's containers by name."""
    [deployment] = of_kind(objects, "Deployment")
    return {each["name"]: each for each in deployment["spec"]["template"]["spec"]["containers"]}


def _run(program: Program, *arguments: str) -> str:
    argv = [str(find_program(program)), *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def _objects(text: str) -> list[Rendered]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return [document for document in yaml.load_all(text, loader) if document]


def _name(rendered: Rendered) -> str:
    metadata = rendered["metadata"]
    return f"{rendered['kind']} {metadata.get('namespace', '')}/{metadata['name']}"


def _bare(rendered: Rendered) -> Rendered:
    bare = {**rendered, "metadata": _plain(rendered["metadata"])}
    if rendered["kind"] == "Deployment":
        template = rendered["spec"]["template"]
        volumes = sorted(template["spec"]["volumes"], key=lambda volume: str(volume["name"]))
        pod = {
            "metadata": _plain(template["metadata"]),
            "spec": {**template["spec"], "volumes": volumes},
        }
        bare["spec"] = {**rendered["spec"], "template": pod}
    return bare


_OF_HELM = ("app.kubernetes.io/", "helm.sh/", "checksum/")


def _plain(metadata: Rendered) -> Rendered:
    """Return metadata without the labels and annotations of helm, nor empty ones."""
    kept = {
        field: {key: value for key, value in (metadata.get(field) or {}).items() if _is_ours(key)}
        for field in ("labels", "annotations")
    }
    return {**metadata, **kept}


def _is_ours(key: str) -> bool:
    return not key.startswith(_OF_HELM)
