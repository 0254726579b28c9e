"""SetComplaints: tells users why a probe cannot be run, once in a while.

Safe for threads; one lock, held for a dictionary access.
"""

import threading

from okg.api.game import GameServerSet
from okg.client.client import Client
from okg.clock import SYSTEM_CLOCK, Clock
from okg.controllers.pacing import REFUSED_PERIOD
from okg.controllers.probing.reconciler import NOT_PROBED
from okg.runtime.events import EventRecorder


class SetComplaints:
    """Writes Warnings about sets.

    Args:
        client: reads sets.
        recorder: writes.
        clock: where time comes from.
    """

    def __init__(
        self, client: Client, recorder: EventRecorder, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._client = client
        self._recorder = recorder
        self._clock = clock
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], float] = {}

    def __call__(self, of: str, message: str) -> None:
        """Tell something about a set, unless it was told a short while ago."""
        now, gap = self._clock.monotonic(), REFUSED_PERIOD.total_seconds()
        with self._lock:
            if (of, message) in self._told and now - self._told[of, message] < gap:
                return
            self._told = {key: at for key, at in self._told.items() if now - at < gap}
            self._told[of, message] = now
        namespace, _, name = of.partition("/")
        gss = self._client.get(GameServerSet, namespace, name)
        if gss is not None:
            self._recorder.warning(gss, NOT_PROBED, message)
