"""Who probes, by what the flags say and the cluster has."""

import pytest

from okg.cmd.options import parse
from okg.cmd.probing import choose_markers
from okg.errors import ConfigError
from okg.workload.probe_marker import Markers


def test_by_default_whoever_there_is_probes() -> None:
    flags = parse([])

    assert (flags.probe_mode, flags.probe_exec, flags.probe_threads) == ("auto", True, 6)


@pytest.mark.parametrize(
    ("mode", "served", "expected"),
    [
        ("auto", True, Markers.USED),
        ("auto", False, Markers.ABSENT),
        ("kruise", True, Markers.USED),
        ("native", True, Markers.UNUSED),
        ("native", False, Markers.ABSENT),
        ("off", True, Markers.UNUSED),
        ("off", False, Markers.ABSENT),
    ],
)
def test_openkruise_probes_where_it_can_and_may(
    mode: str, *, served: bool, expected: Markers
) -> None:
    assert choose_markers(mode, served=served) is expected


def test_what_is_not_there_cannot_be_asked_for() -> None:
    with pytest.raises(ConfigError, match="--probe-mode=native"):
        choose_markers("kruise", served=False)
