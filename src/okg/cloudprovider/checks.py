"""Checks: what is told about the parameters of a network before any pod has them."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from okg.api.game import NetworkConfParam
from okg.cloudprovider.parameters import Parameters
from okg.cloudprovider.plugin import NetworkPlugin
from okg.workload.network_rules import Check, Findings, no_findings


def check_of(plugin: NetworkPlugin) -> Check:
    """Return what looks at parameters of a plugin; one that declares none takes everything."""
    parameters = getattr(plugin, "parameters", None)
    if not isinstance(parameters, Parameters):
        return no_findings

    def check(entries: Sequence[NetworkConfParam]) -> Findings:
        return Findings(
            fatal=tuple(parameters.obstacles(entries)),
            doubtful=tuple(parameters.doubts(entries)),
            idle=tuple(_idle(parameters, entries, plugin.name)),
        )

    return check


def _idle(
    parameters: Parameters, entries: Sequence[NetworkConfParam], network_type: str
) -> Iterator[str]:
    known = [parameter.name for parameter in parameters]
    for name in parameters.unknown(entries):
        close = get_close_matches(name, known, n=1)
        meant = f'; did you mean "{close[0]}"?' if close else ""
        yield f'"{name[:60]}" means nothing to {network_type}{meant}'
