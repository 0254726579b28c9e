"""Step: the next write of one pod."""

from datetime import timedelta

import msgspec

from okg.api.core import Pod


class PodStep(msgspec.Struct, frozen=True):
    """One write. The caller makes it and asks again with what was stored, until there is none.

    Attributes:
        after: the pod as it shall be; the very pod that was asked about if there is nothing to
            write now.
        subresource: ``status`` or ``resize``, empty for the pod itself.
        requeue_after: when time alone brings the next step.
        lock: whether it is void once anybody has changed the pod since.
    """

    after: Pod
    subresource: str = ""
    requeue_after: timedelta | None = None
    lock: bool = True
