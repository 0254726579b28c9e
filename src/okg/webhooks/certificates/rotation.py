"""How a certificate is replaced so that no API server ever meets one that it does not trust.

| what is there | step |
|---|---|
| nothing, or nothing that can be served | the next pair or a new one, at once |
| configurations that do not trust all of the store | they are made to |
| a certificate near its end | the next pair is stored, and not served yet |
| a next pair that the configurations trust | the moment is noted |
| … for long enough that every API server has seen it | it is current; the old one is retired |
| a retired authority that no replica serves with any more | it is forgotten |
| otherwise | nothing but to serve what is current |

Steps are small and repeatable: whoever comes next goes on from what is stored.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from okg.webhooks.certificates.pair import Pair, Unusable
from okg.webhooks.certificates.store import Store

RENEW_BEFORE = timedelta(days=90)
"""How long before its end a certificate is replaced: a manager may be away for a while."""

SETTLE = timedelta(seconds=20)
"""How long API servers have to see a change of a configuration; they watch, so it is plenty."""

RETIRE = timedelta(hours=1)
"""How long a replica may take to notice a promotion; it looks every few seconds."""

MakePair: TypeAlias = Callable[[], Pair]
CheckPair: TypeAlias = Callable[[Pair], datetime]
"""Returns when a pair expires, or raises Unusable."""


class Write(msgspec.Struct, frozen=True):
    """Store something else; ``reason`` is for the log."""

    store: Store
    reason: str


class Register(msgspec.Struct, frozen=True):
    """Bring the webhook configurations to trust the store's bundle."""


class Serve(msgspec.Struct, frozen=True):
    """All is well for now: serve this pair."""

    pair: Pair


Step: TypeAlias = Write | Register | Serve


def decide(
    store: Store | None, *, registered: bool, now: datetime, make: MakePair, check: CheckPair
) -> Step:
    """Return the next step.

    Args:
        store: what is stored, None for nothing.
        registered: whether the configurations are as they should be for this store.
        now: the time.
        make: makes a pair.
        check: judges one.
    """
    if store is None:
        return Write(Store(current=make()), "there was none")
    problem, expires = _judge(store.current, now, check)
    if problem:
        return Write(Store(current=_usable(store.next, now, check) or make()), problem)
    if not registered:
        return Register()
    if store.next is not None:
        return _advance(store, store.next, now, check)
    if expires - now <= RENEW_BEFORE:
        return Write(replace(store, next=make(), next_trusted_at=None), "it expires soon")
    return _forget(store, now)


def _advance(store: Store, coming: Pair, now: datetime, check: CheckPair) -> Step:
    problem, _ = _judge(coming, now, check)
    if problem:
        return Write(replace(store, next=None, next_trusted_at=None), f"the next one: {problem}")
    if store.next_trusted_at is None:
        return Write(replace(store, next_trusted_at=now), "the next one is trusted")
    if now - store.next_trusted_at < SETTLE:
        return Serve(store.current)
    promoted = Store(current=coming, retired=store.current.authority, retired_at=now)
    return Write(promoted, "the next one is served from now on")


def _forget(store: Store, now: datetime) -> Step:
    if not store.retired:
        return Serve(store.current)
    if store.retired_at is None:
        return Write(replace(store, retired_at=now), "when the old one was retired was unknown")
    if now - store.retired_at < RETIRE:
        return Serve(store.current)
    return Write(replace(store, retired="", retired_at=None), "nobody serves the old one any more")


def _usable(pair: Pair | None, now: datetime, check: CheckPair) -> Pair | None:
    return pair if pair is not None and not _judge(pair, now, check)[0] else None


def _judge(pair: Pair, now: datetime, check: CheckPair) -> tuple[str, datetime]:
    """Return what is wrong with a pair, empty for nothing, and when it expires."""
    try:
        expires = check(pair)
    except Unusable as error:
        return str(error), now
    return ("it has expired" if expires <= now else ""), expires
