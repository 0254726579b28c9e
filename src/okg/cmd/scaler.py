"""The external scaler of ``okg manager``, wired up."""

import os
from pathlib import Path

from okg.api.game import GameServerSet
from okg.cmd.options import ManagerFlags
from okg.errors import ConfigError
from okg.runtime.certificates import CertificateWatcher
from okg.runtime.manager import Manager
from okg.scaler.answers import Answers
from okg.scaler.crowds import declare_index

ADDRESS_FLAG = "--scale-server-bind-address"
CERTIFICATES_FLAG = "--scale-server-certs-dir"


def serves_scaler(flags: ManagerFlags) -> bool:
    """Whether the flags ask for the external scaler; it is where the controllers are."""
    return flags.controllers and flags.scale_server_bind_address not in {"", "0"}


def add_scaler(manager: Manager, flags: ManagerFlags) -> None:
    """Add the external scaler if the flags ask for it.

    Raises:
        ConfigError: it lacks a library or a certificate, or its address makes no sense.
    """
    if not serves_scaler(flags):
        return
    # gRPC would write lines of its own among those of the log, about what we report anyway.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        # Imported here because they are an extra of the distribution.
        from okg.scaler.server import ExternalScaler  # noqa: PLC0415
        from okg.scaler.service import ScalerService  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            f"the external scaler needs gRPC ({error}): pip install 'okg[scaler]', or turn it off"
            f" with {ADDRESS_FLAG}=0"
        ) from error
    folder = flags.scale_server_certs_dir
    service = ScalerService(Answers(manager, lambda: manager.is_synced), manager.registry)
    scaler = ExternalScaler(
        flags.scale_server_bind_address,
        service,
        flag=ADDRESS_FLAG,
        certificates=CertificateWatcher(Path(folder), flag=CERTIFICATES_FLAG) if folder else None,
    )
    declare_index(manager)
    manager.hear(GameServerSet, service.streams.on_change)
    manager.add_server(scaler, name="scaler")
