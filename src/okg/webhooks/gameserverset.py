"""The webhook for sets: refuses what could never work, in words that say what to change."""

import msgspec

from okg.api.admission import (
    AdmissionRequest,
    AdmissionResponse,
    allowed,
    denied,
    errored,
)
from okg.api.game import GameServerSet
from okg.api.meta import Opaque
from okg.context import Context
from okg.workload.network_rules import Networks
from okg.workload.validation import validate_set

PATH = "/validate-v1alpha1-gss"


class GameServerSetWebhook:
    """Checks sets before they are stored.

    Args:
        networks: those that a set may have.
    """

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def handle(self, _ctx: Context, request: AdmissionRequest) -> AdmissionResponse:
        """Answer one request; an AdmissionHandler."""
        try:
            new = _SET.decode(request.object)
        except (msgspec.MsgspecError, RecursionError) as error:
            return errored(400, f"cannot decode the GameServerSet: {error}")
        verdict = validate_set(new, _decode_old(request.old_object), self._networks)
        if verdict.refusal:
            return denied(verdict.refusal, warnings=verdict.warnings)
        return allowed(warnings=verdict.warnings)


def _decode_old(stored: Opaque) -> GameServerSet | None:
    """Return what is stored; None for what cannot be read, so that it can be put right."""
    try:
        return _SET.decode(stored)
    except (msgspec.MsgspecError, RecursionError):
        return None


_SET = msgspec.json.Decoder(GameServerSet)
