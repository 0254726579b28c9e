"""The writes of a control plane, from its API server's audit log, by who made them."""

from collections import Counter
from pathlib import Path

import msgspec

MANAGER = "okg"
KRUISE = "OpenKruise"
OTHERS = "others"
"""The cluster's own controllers, the simulated nodes, and the benchmark itself."""

_VERBS = frozenset({"create", "update", "patch", "delete"})
_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted, Panic]
rules:
  - level: Metadata
    verbs: [create, update, patch, delete]
  - level: None
"""
_CONFLICT = 409


class _User(msgspec.Struct, frozen=True):
    username: str


class _Reference(msgspec.Struct, frozen=True):
    resource: str = ""
    subresource: str = ""


class _Answer(msgspec.Struct, frozen=True):
    code: int = 0


class _Entry(
    msgspec.Struct,
    rename={"reference": "objectRef", "agent": "userAgent", "answer": "responseStatus"},
):
    verb: str
    user: _User
    agent: str = ""
    reference: _Reference | None = None
    answer: _Answer = _Answer()

    @property
    def request(self) -> str:
        """Verb and resource of a write."""
        where = self.reference or _Reference()
        return f"{self.verb} {where.resource}/{where.subresource}".rstrip("/")

    @property
    def writer(self) -> str:
        """Who made the write."""
        if self.user.username == "okg-manager":
            return MANAGER
        return KRUISE if self.agent.startswith("kruise-manager") else OTHERS


class Writes(msgspec.Struct, frozen=True):
    """The writes of one writer.

    Attributes:
        requests: how many there were of each verb and resource; those of leases do not count.
        conflicts: how many of them the server refused because something else was faster.
    """

    requests: Counter[str]
    conflicts: Counter[str]

    @property
    def total(self) -> int:
        """How many there were in all."""
        return self.requests.total()

    def of(self, *resources: str) -> int:
        """Return how many were of these resources and their subresources."""
        return sum(n for what, n in self.requests.items() if _resource(what) in resources)


class AuditLog:
    """An audit log, read phase by phase.

    Args:
        folder: where the log is kept.
    """

    def __init__(self, folder: Path) -> None:
        policy, self._log = folder / "policy.yaml", folder / "audit.log"
        policy.write_text(_POLICY)
        self.flags = (f"--audit-policy-file={policy}", f"--audit-log-path={self._log}")
        self._read = 0

    def phase(self) -> dict[str, Writes]:
        """Return the writes since the last call, by who made them."""
        text = self._log.read_bytes()[self._read :]
        self._read += text.rfind(b"\n") + 1
        found = {who: Writes(Counter(), Counter()) for who in (MANAGER, KRUISE, OTHERS)}
        for line in text[: text.rfind(b"\n") + 1].splitlines():
            entry = msgspec.json.decode(line, type=_Entry)
            if entry.verb in _VERBS and _resource(entry.request) != "leases":
                writes = found[entry.writer]
                writes.requests[entry.request] += 1
                writes.conflicts[entry.request] += entry.answer.code == _CONFLICT
        return found


def _resource(request: str) -> str:
    return request.split(" ")[1].split("/", maxsplit=1)[0]
