"""``okg plan``: what applying a GameServerSet would do to its servers. Writes nothing."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import cast

import msgspec
from msgspec.structs import replace

from okg.client.connection import connect
from okg.client.http import Urllib3Transport
from okg.client.patch import Json
from okg.client.rest import ApiClient
from okg.cmd.manifest_files import add_filename, read_sets
from okg.cmd.plan_reading import Refused, compare, propose, read_live, read_stored
from okg.cmd.plan_report import as_document, as_text
from okg.errors import ConfigError, OkgError
from okg.workload.plan import SetPlan, plan_set

CHANGES = 1
"""Exit code of ``--exit-code`` when something would happen, as kubectl diff has it."""

_AMOUNTS = (
    "new amounts of cpu and memory count as new pods, but reach running ones where the API server"
    " serves pods/resize; it does not say"
)


class PlanFlags(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags of ``okg plan`` say."""

    filename: Sequence[str]
    namespace: str
    kubeconfig: str
    output: str
    exit_code: bool


def run(arguments: Sequence[str]) -> int:
    """Print the plan of every GameServerSet in the manifests; return the exit code.

    Raises:
        ConfigError: a manifest or the API server cannot be read, or a set is refused.
    """
    flags = parse(arguments)
    connection = connect(flags.kubeconfig)
    manifests = [
        _placed(manifest, flags.namespace, connection.namespace)
        for manifest in read_sets(flags.filename)
    ]
    api = ApiClient(Urllib3Transport(connection, user_agent=f"okg/{version('okg')}"))
    plans = plan_all(api, manifests)
    sys.stdout.write(as_document(plans) if flags.output == "json" else as_text(plans))
    if any(plan.refusal for plan in plans):
        return ConfigError.exit_code
    return CHANGES if flags.exit_code and any(plan.moves for plan in plans) else 0


def plan_all(api: ApiClient, manifests: Sequence[Mapping[str, Json]]) -> list[SetPlan]:
    """Return the plans of some sets.

    Raises:
        ConfigError: the API server cannot be asked, or what it has cannot be read.
    """
    try:
        return [plan(api, manifest) for manifest in manifests]
    except OkgError as error:
        raise ConfigError(str(error)) from error
    except RecursionError as error:
        raise ConfigError("a GameServerSet nests too deeply to be read") from error


def plan(api: ApiClient, manifest: Mapping[str, Json]) -> SetPlan:
    """Return the plan of one set."""
    meta = cast("Mapping[str, str]", manifest["metadata"])
    namespace, name = meta["namespace"], meta["name"]
    stored = read_stored(api, namespace, name)
    try:
        proposal = propose(api, manifest, stored)
    except Refused as refusal:
        return SetPlan(namespace=namespace, name=name, refusal=str(refusal))
    if proposal.gss.spec is None:
        note = "the set has no spec, so nothing is done about it"
        return SetPlan(namespace=namespace, name=name, notes=(note,))
    live = read_live(api, namespace, stored)
    comparison = compare(api, proposal.gss, live)
    found = plan_set(proposal.gss, live, comparison.templates)
    unchecked = [
        f"not checked by {who}, so defaults and refusals may be missing: {why}"
        for who, why in (
            ("the API server", proposal.unchecked),
            ("OpenKruise", comparison.unchecked),
        )
        if why
    ]
    if comparison.unasked:
        unchecked.append(f"{_AMOUNTS}: {comparison.unasked}")
    refused = (
        [f"OpenKruise refuses the template: {comparison.refusal}"] if comparison.refusal else []
    )
    return replace(found, problems=(*found.problems, *refused), notes=(*found.notes, *unchecked))


def parse(arguments: Sequence[str]) -> PlanFlags:
    """Read the flags; help and mistakes end the process with 0 and 2."""
    parser = argparse.ArgumentParser(
        prog="okg plan",
        description="Prints what applying GameServerSets would do to their servers.",
        epilog="Exit code: 0 done, 1 with --exit-code if any server would be touched, 2 for "
        "mistakes and for sets that the API server refuses.",
        allow_abbrev=False,
    )
    add_filename(parser)
    parser.add_argument("-n", "--namespace", default="", help="namespace of manifests without one")
    parser.add_argument(
        "--kubeconfig", default="", help="path; else KUBECONFIG, in-cluster, ~/.kube/config"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    parser.add_argument(
        "--exit-code", action="store_true", help="exit with 1 if any server would be touched"
    )
    return PlanFlags(**vars(parser.parse_args(list(arguments))))


def _placed(manifest: Mapping[str, Json], asked: str, current: str) -> dict[str, Json]:
    """Return a manifest with its namespace and without a status, which nobody applies.

    Raises:
        ConfigError: it has no name, or another namespace than the one asked for.
    """
    meta = manifest.get("metadata")
    if not isinstance(meta, Mapping) or not meta.get("name"):
        raise ConfigError("a GameServerSet has no metadata.name")
    own = meta.get("namespace")
    if own and asked and own != asked:
        raise ConfigError(f"GameServerSet {meta['name']} is of namespace {own}, not {asked}")
    placed = {**meta, "namespace": own or asked or current}
    return {key: value for key, value in manifest.items() if key != "status"} | {"metadata": placed}
