"""Annotations that users ask for by parameters: written on objects, and taken back.

An object notes which they are, for everybody may annotate it, and nobody else's may be touched.
What was written before there were notes stays: nobody can tell whose it is.
"""

from collections.abc import Collection, Mapping

NOTE = "game.kruise.io/network-conf-annotations"
"""Annotation: keys of the annotations that are there because of a parameter, by commas."""


def noted(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the note that goes with annotations; nothing if there are none."""
    return {NOTE: ",".join(sorted(asked))} if asked else {}


def brought_up(
    stored: Mapping[str, str], wanted: Mapping[str, str], optional: Collection[str] = ()
) -> dict[str, str]:
    """Return stored annotations with all that is ours as wanted, and the rest as it is.

    Args:
        stored: as they are.
        wanted: ours, with the note.
        optional: keys of those that we ourselves write under some configurations only.
    """
    ours = {NOTE, *optional, *stored.get(NOTE, "").split(",")}
    return {key: value for key, value in stored.items() if key not in ours} | {**wanted}
