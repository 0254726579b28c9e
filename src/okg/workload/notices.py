"""Notice: something to tell about an object, once what it reports has happened."""

import msgspec


class Notice(msgspec.Struct, frozen=True):
    """Reason and message of an Event that is still to be written."""

    reason: str
    message: str
    warning: bool = False
