"""Freshness: a record is acted on only if the server had it in this form when it was first seen.

A replica that has just taken over may not have heard of the last writes of the one before it. By a
record of yesterday it would remove servers that are wanted, or bring back an older template. From
then on nobody else writes, so each version is checked once. The lock guards the dictionary alone.
"""

from threading import Lock

from okg.api.core import ConfigMap
from okg.controllers.reader import Reader
from okg.errors import Conflict


class Freshness:
    """Remembers which version of each record is known to have been the latest.

    Args:
        live: reads past the cache.
    """

    def __init__(self, live: Reader) -> None:
        self._live = live
        self._latest: dict[str, str] = {}
        self._lock = Lock()

    def check(self, record: ConfigMap) -> None:
        """Make sure that a record may be acted on.

        Raises:
            Conflict: the server has another one.
        """
        meta = record.metadata
        with self._lock:
            known = self._latest.get(record.key)
        if known == meta.resource_version:
            return
        stored = self._live.get(ConfigMap, meta.namespace, meta.name)
        if stored is None or stored.metadata.resource_version != meta.resource_version:
            raise Conflict(409, "Conflict", f"the workload record {record.key} has changed")
        self.trust(record)

    def trust(self, record: ConfigMap) -> None:
        """Note a record as the server itself has just returned it."""
        with self._lock:
            self._latest[record.key] = record.metadata.resource_version

    def forget(self, key: str) -> None:
        """Drop a record that is gone."""
        with self._lock:
            self._latest.pop(key, None)
