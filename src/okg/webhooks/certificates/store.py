"""Store: what the Secret holds, as a value; and the Secret that holds a store."""

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from okg.api.core import Secret
from okg.api.meta import ObjectMeta
from okg.webhooks.certificates.pair import Pair

SECRET_TYPE = "kubernetes.io/tls"  # noqa: S105 - a type of Secret

_CURRENT = ("ca.crt", "tls.crt", "tls.key")
_NEXT = ("next-ca.crt", "next-tls.crt", "next-tls.key")
_RETIRED = "retired-ca.crt"
_TRUSTED_AT = "game.kruise.io/next-trusted-at"
_RETIRED_AT = "game.kruise.io/retired-at"


class Store(msgspec.Struct, frozen=True, kw_only=True):
    """Certificates of three generations.

    Attributes:
        current: what is served.
        next: what will be served when every API server trusts it.
        next_trusted_at: since when the webhook configurations trust it.
        retired: authority of what was served before; some replica may still serve it.
        retired_at: since when nobody should.
    """

    current: Pair
    next: Pair | None = None
    next_trusted_at: datetime | None = None
    retired: str = ""
    retired_at: datetime | None = None

    @property
    def bundle(self) -> str:
        """Everything that the API server is to trust, PEM."""
        coming = self.next.authority if self.next else ""
        return f"{self.current.authority}{coming}{self.retired}"


def read_store(secret: Secret) -> Store | None:
    """Return what a Secret holds; None if there is no complete pair in it."""
    texts = {key: _decode(value) for key, value in secret.data.items()}
    current = _read_pair(texts, _CURRENT)
    annotations = secret.metadata.annotations
    if current is None:
        return None
    return Store(
        current=current,
        next=_read_pair(texts, _NEXT),
        next_trusted_at=_read_time(annotations.get(_TRUSTED_AT, "")),
        retired=texts.get(_RETIRED, ""),
        retired_at=_read_time(annotations.get(_RETIRED_AT, "")),
    )


def write_store(secret: Secret, store: Store) -> Secret:
    """Return the Secret with these contents; whatever else is in it stays."""
    texts = _pair_texts(store.current, _CURRENT)
    texts |= _pair_texts(store.next, _NEXT) | {_RETIRED: store.retired}
    times = {
        _TRUSTED_AT: _time_text(store.next_trusted_at),
        _RETIRED_AT: _time_text(store.retired_at),
    }
    meta = secret.metadata
    return replace(
        secret,
        metadata=replace(meta, annotations=_laid_over(meta.annotations, times)),
        data=_laid_over(secret.data, {key: _encode(text) for key, text in texts.items()}),
    )


def new_secret(namespace: str, name: str, store: Store) -> Secret:
    """Return a Secret that is still to be created."""
    meta = ObjectMeta(namespace=namespace, name=name)
    return write_store(Secret(metadata=meta, type=SECRET_TYPE), store)


def _read_pair(texts: Mapping[str, str], keys: tuple[str, str, str]) -> Pair | None:
    authority, certificate, key = (texts.get(name, "") for name in keys)
    if not (authority and certificate and key):
        return None
    return Pair(authority=authority, certificate=certificate, key=key)


def _pair_texts(pair: Pair | None, keys: tuple[str, str, str]) -> dict[str, str]:
    values = (pair.authority, pair.certificate, pair.key) if pair else ("", "", "")
    return dict(zip(keys, values, strict=True))


def _laid_over(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, str]:
    """Return the old texts with the new ones; an empty one removes its key."""
    return {key: text for key, text in {**old, **new}.items() if text or key not in new}


def _decode(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _read_time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _time_text(time: datetime | None) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds") if time else ""
