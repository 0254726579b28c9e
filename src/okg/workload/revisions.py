"""Revisions: which template a pod was made from, or updated to."""

from okg.api.core import Pod
from okg.workload.names import REVISION


def is_of_revision(pod: Pod, revision: str) -> bool:
    """Whether a pod is of a revision; pods carry its full name or what follows its last dash."""
    return _short(pod.metadata.labels.get(REVISION, "")) == _short(revision)


def _short(revision: str) -> str:
    return revision.rpartition("-")[2]
