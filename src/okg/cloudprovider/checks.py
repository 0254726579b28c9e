"""Checks: what is told about the parameters of a network before any pod has them."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from okg.api.game import NetworkConfParam
from okg.cloudprovider.parameters import Parameters, parameters_of
from okg.cloudprovider.plugin import NetworkPlugin
from okg.workload.invalid import shown
from okg.workload.network_rules import Check, Findings, no_findings


def check_of(plugin: NetworkPlugin) -> Check:
    """Return what looks at parameters of a plugin; one that declares none takes everything."""
    parameters = parameters_of(plugin)
    if parameters is None:
        return no_findings

    def check(entries: Sequence[NetworkConfParam]) -> Findings:
        return Findings(
            fatal=tuple(parameters.obstacles(entries)),
            doubtful=tuple(parameters.doubts(entries)),
            idle=tuple(meaningless(parameters, entries, plugin.name)),
            containers=tuple(parameters.containers(entries)),
        )

    return check


def meaningless(
    parameters: Parameters, entries: Sequence[NetworkConfParam], network_type: str
) -> Iterator[str]:
    """Yield which entries mean nothing, and what may have been meant."""
    known = [parameter.name for parameter in parameters]
    for name in parameters.unknown(entries):
        yield f"{shown(name)} means nothing to {network_type}{meant(name, known)}"


def meant(name: str, known: Iterable[str]) -> str:
    """Return the end of a message about a name that is none: which may have been meant."""
    close = get_close_matches(name, known, n=1)
    return f"; is {close[0]} meant?" if close else ""
