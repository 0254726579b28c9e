"""Features: what people choose a network type by, said beside its code."""

import msgspec

BY_NUMBER = "the server's number"
"""What keeps address and ports where they follow from the number of the server."""


class Features(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a network type does. A plugin may have them as its attribute ``features``.

    Attributes:
        reach: what a server's traffic comes through.
        makes: kinds of the objects that it makes; empty if it asks others by annotations.
        keeps: what makes address and ports outlive the pod, most often a parameter; empty if
            nothing does.
        cut_off: what changes while ``networkDisabled`` cuts a server off; empty if nothing does,
            so that it is not.
    """

    reach: str = ""
    makes: tuple[str, ...] = ()
    keeps: str = ""
    cut_off: str = ""


def features_of(plugin: object) -> Features:
    """Return the features of a network plugin; of one that says nothing, none."""
    found = getattr(plugin, "features", None)
    return found if isinstance(found, Features) else Features()
