"""What tools that deliver make of objects: Argo CD's scripts, kstatus and KubeVela's CUE."""

import json
import subprocess
from typing import Any

import msgspec
import yaml

from integration.rendering import ROOT, Rendered
from okg.testing.binaries import ARGOHEALTH, CUE, KSTATUS, Program, find_program

RECORDED = ROOT / "tests/integration/recorded"
"""Objects as managers left them on a kube-apiserver; hack/record_objects.py records them anew."""


class Health(msgspec.Struct, frozen=True):
    """What a tool makes of an object."""

    status: str
    message: str


class Nonsense(Exception):
    """CUE makes nothing of these values; the text says why."""


def recorded(name: str) -> Rendered:
    """Return a recorded object."""
    found: Rendered = yaml.safe_load((RECORDED / f"{name}.yaml").read_text())
    return found


def argocd(found: Rendered) -> Health:
    """Return what the script for the kind of an object says of it."""
    script = ROOT / f"config/argocd/{found['kind'].lower()}.lua"
    return _judged(ARGOHEALTH, found, str(script))


def kstatus(found: Rendered) -> Health:
    """Return what kstatus says of an object."""
    return _judged(KSTATUS, found)


def filled_in(definition: str, expression: str, **parameters: object) -> Any:
    """Return what the template of a definition of KubeVela makes of a component ``lobby``.

    Raises:
        Nonsense: the parameters do not fit.
    """
    template = vela(definition)["spec"]["schematic"]["cue"]["template"]
    context = {"name": "lobby", "namespace": "games"}
    return _exported(template, expression, context=context, parameter=parameters)


def told(expression: str, field: str, found: Rendered) -> Any:
    """Return what the component's definition says of a set in the cluster."""
    text = vela("gameserverset")["spec"]["status"][field]
    return _exported(text, expression, context={"output": found})


def misfits(definition: str, schema: str) -> str:
    """Return what of a definition is not as KubeVela's definitions are; nothing if all is well."""
    files = ("tests/integration/vela.cue", f"config/kubevela/{definition}.yaml")
    argv = [str(find_program(CUE)), "vet", "--concrete", f"--schema={schema}", *files]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stderr


def vela(name: str) -> Rendered:
    """Return a definition of KubeVela."""
    found: Rendered = yaml.safe_load((ROOT / f"config/kubevela/{name}.yaml").read_text())
    return found


def _judged(judge: Program, found: Rendered, *arguments: str) -> Health:
    argv = [str(find_program(judge)), *arguments]
    done = subprocess.run(
        argv, input=json.dumps([found]), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [health] = msgspec.json.decode(done.stdout, type=list[Health])
    return health


def _exported(text: str, expression: str, **given: object) -> Any:
    values = "".join(f"\n{name}: {json.dumps(value)}" for name, value in given.items())
    argv = [str(find_program(CUE)), "export", "--out=json", f"--expression={expression}", "-"]
    done = subprocess.run(argv, input=text + values, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Nonsense(done.stderr)
    return json.loads(done.stdout)
