"""What a process was told, in one record at its start."""

from okg.cmd.log_flags import log_settings
from okg.cmd.options import ManagerFlags
from okg.telemetry.fields import EVENT


def snapshot(flags: ManagerFlags) -> dict[str, object]:
    """Return the fields of the record, under upstream's names; what is empty is left out."""
    told = {
        "metrics.bind_address": flags.metrics_bind_address,
        "healthz.bind_address": flags.health_probe_bind_address,
        "namespace_scope": flags.namespace,
        "sync_period": flags.sync_period,
        "log.format": log_settings(flags.logs).form,
        "log.json_preset": flags.logs.log_json_preset,
        "scale_server.bind_address": flags.scale_server_bind_address,
    }
    return {
        EVENT: "service.ready",
        "leader_election": flags.leader_elect,
        **{key: text for key, text in told.items() if text},
    }
