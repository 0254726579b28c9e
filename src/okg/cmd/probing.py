"""Who probes service qualities, and the prober's place in a manager."""

from okg.api.kruise import PodProbeMarker
from okg.client.execute import PodExecutor
from okg.client.http import Urllib3Transport
from okg.cmd.discovery import is_served
from okg.cmd.options import ManagerFlags
from okg.controllers import probing
from okg.errors import ConfigError
from okg.runtime.manager import Manager
from okg.telemetry.logging import get_logger
from okg.workload.probe_marker import Markers


def choose_markers(mode: str, *, served: bool) -> Markers:
    """Return what becomes of PodProbeMarkers.

    Args:
        mode: what ``--probe-mode`` says.
        served: whether the API server has the kind.

    Raises:
        ConfigError: they are asked for and not there.
    """
    if mode == "kruise" and not served:
        raise ConfigError(
            "the API server does not serve podprobemarkers.apps.kruise.io: install OpenKruise, or "
            "set --probe-mode=native"
        )
    if not served:
        return Markers.ABSENT
    return Markers.USED if mode in {"auto", "kruise"} else Markers.UNUSED


def add_probes(manager: Manager, flags: ManagerFlags) -> Markers:
    """Add a prober where OpenKruise does not probe; return what becomes of PodProbeMarkers.

    Raises:
        ConfigError: what is asked for cannot work.
    """
    if flags.probe_threads < 1:
        raise ConfigError("--probe-threads: write 1 or more, or set --probe-mode=off")
    markers = choose_markers(flags.probe_mode, served=is_served(manager.api, PodProbeMarker))
    if markers is not Markers.USED and flags.probe_mode != "off":
        get_logger("setup").info("the manager probes itself", exec=flags.probe_exec)
        transport = manager.api.transport
        assert isinstance(transport, Urllib3Transport)
        manager.add(
            probing.controller(
                manager,
                probing.ConditionWriter(manager.api, lambda: manager.is_leader),
                PodExecutor(transport) if flags.probe_exec else None,
                manager.registry,
                threads=flags.probe_threads,
            )
        )
    return markers
