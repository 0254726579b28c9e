"""Lists: pages, continue tokens and what a resourceVersion means to a list."""

import base64
import bisect
from collections.abc import Mapping

import msgspec

from okg.client.transport import HttpResponse
from okg.testing.apiserver.bodies import list_answer
from okg.testing.apiserver.kinds import Kind
from okg.testing.apiserver.refusals import (
    Refusal,
    bad_request,
    expired,
    forbidden_value,
    invalid_options,
    too_large_version,
)
from okg.testing.apiserver.routes import Route
from okg.testing.apiserver.selectors import Selector, anything, field_selector, label_selector
from okg.testing.apiserver.storage import Record, Storage
from okg.testing.apiserver.trees import Tree

_BEHIND_ALL = "\U0010ffff"
_MATCHES = frozenset({"", "Exact", "NotOlderThan"})


class Token(msgspec.Struct, frozen=True):
    """Where a list goes on.

    Attributes:
        rv: revision of the list; -1 for whatever is there now.
        start: key of the last object of the page before.
    """

    rv: int
    start: str

    def encode(self) -> str:
        """Return the token as text."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()


def read_selector(kind: Kind, query: Mapping[str, str]) -> Selector:
    """Return the selector that a request's label and field selectors make.

    Raises:
        Refusal: 400.
    """
    labels = label_selector(query.get("labelSelector", ""))
    fields = field_selector(query.get("fieldSelector", ""), kind.fields)
    if labels is anything:
        return fields
    if fields is anything:
        return labels
    return lambda tree: labels(tree) and fields(tree)


def read_integer(query: Mapping[str, str], name: str) -> int:
    """Return a number of the query, 0 where it is not given.

    Raises:
        Refusal: 400.
    """
    try:
        return int(query.get(name) or "0")
    except ValueError:
        raise bad_request(f"{name} is not an integer") from None


def list_objects(storage: Storage, route: Route, query: Mapping[str, str]) -> HttpResponse:
    """Answer a list request.

    Raises:
        Refusal: 400, 410, 422, 504.
    """
    kind, selector = route.kind, read_selector(route.kind, query)
    limit, at, start = _read_position(storage, query)
    try:
        revision, records = storage.snapshot(kind, at)
    except Refusal:
        token = Token(-1, start).encode() if start else ""
        raise expired("the list is too old to go on with", continue_=token) from None
    prefix = f"{route.namespace}/" if route.namespace else ""
    first = bisect.bisect_right(records, max(prefix, start), key=_key)
    end = bisect.bisect_left(records, prefix + _BEHIND_ALL, key=_key) if prefix else len(records)
    found: list[Record] = []
    metadata: Tree = {"resourceVersion": str(revision)}
    if not kind.native:
        metadata["continue"] = ""
    for index in range(first, end):
        if not selector(records[index].tree):
            continue
        if len(found) == limit > 0:
            metadata["continue"] = Token(revision, found[-1].key).encode()
            if selector is anything:
                metadata["remainingItemCount"] = end - index
            break
        found.append(records[index])
    return list_answer(kind, found, metadata)


def _read_position(storage: Storage, query: Mapping[str, str]) -> tuple[int, int | None, str]:
    """Return limit, revision (None for now) and the key to go on behind."""
    limit = read_integer(query, "limit")
    version = read_integer(query, "resourceVersion")
    match = query.get("resourceVersionMatch", "")
    _check_match(match, query.get("resourceVersion", ""))
    if version > (current := storage.revision):
        raise too_large_version(version, current)
    if query.get("continue"):
        if version:
            raise bad_request("a continue token has a resourceVersion of its own")
        token = _read_token(query["continue"])
        return limit, None if token.rv < 0 else token.rv, token.start
    # With "0" any version will do, so the server answers from its cache, which knows no pages.
    if query.get("resourceVersion") == "0":
        return 0, None, ""
    exact = match == "Exact" or (limit and not match)
    return limit, version if version and exact else None, ""


def _check_match(match: str, version: str) -> None:
    if match not in _MATCHES:
        why = f"{match!r} is not one of Exact and NotOlderThan"
    elif match and not version:
        why = "makes no sense without a resourceVersion"
    elif match == "Exact" and version == "0":
        why = "no object has resourceVersion 0"
    else:
        return
    raise invalid_options(forbidden_value("resourceVersionMatch", why))


def _read_token(text: str) -> Token:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=Token)
    except ValueError as error:
        raise bad_request("the continue token is not one of ours") from error


def _key(record: Record) -> str:
    return record.key
