"""Revisions: which template a pod was made from, or updated to."""


def short_revision(revision: str) -> str:
    """Return what identifies a revision: pods carry its full name or what follows its last dash."""
    return revision.rpartition("-")[2]
