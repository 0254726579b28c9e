"""Feed: brings to an informer what the server has to tell, when and as far as it is told to.

It stands for a reflector, whose own decisions have tests of their own.
"""

from itertools import islice
from typing import Generic

from okg.api.resource import O
from okg.cache.informer import Informer
from okg.client.decoding import EventType, WatchEvent
from okg.client.rest import ApiClient
from okg.errors import Expired
from okg.testing.standing_clock import Idle


class Feed(Generic[O]):
    """Lists and watches for one informer, which so lags behind as much as one likes."""

    def __init__(self, api: ApiClient, informer: Informer[O], labels: str) -> None:
        self.kind = informer.kind.resource_type.kind
        self._api = api
        self._informer = informer
        self._labels = labels
        self._reached = ""

    def deliver(self, most: int | None = None) -> int:
        """Tell of at most so many changes, and return how many there were."""
        if not self._reached:
            return self._list()
        stream = self._api.watch(
            self._informer.kind,
            labels=self._labels,
            resource_version=self._reached,
            timeout=60,
            read_timeout=60,
        )
        told = 0
        try:
            for event in islice(stream, most):
                assert isinstance(event, WatchEvent)
                self._informer.on_change(event.object, gone=event.type is EventType.DELETED)
                self._reached = event.object.metadata.resource_version
                told += 1
        except Idle:
            pass
        except Expired:
            return self._list()
        finally:
            stream.close()
        return told

    def bookmark(self, revision: int) -> None:
        """Say how far the watch has come, as the server does when all is told."""
        if self._reached:
            self._informer.on_reached(str(revision), "")
            self._reached = str(revision)

    def _list(self) -> int:
        pages = list(self._api.pages(self._informer.kind, labels=self._labels))
        found = [item for page in pages for item in page.items]
        self._reached = pages[-1].resource_version
        self._informer.on_list(found, self._reached, "")
        return len(found)
