"""ApiClient: typed verbs, each one request to the API server. Nothing is cached here."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from okg.api.resource import O, Object
from okg.client.decoding import Listing, decode, decode_page, kind_of
from okg.client.patch import JSON_PATCH, Patch, as_document, diff
from okg.client.status import status_error
from okg.client.throttle import Throttle
from okg.client.transport import HttpRequest, HttpResponse, Transport
from okg.client.watch import WatchStream
from okg.errors import ApiError, Conflict, Invalid, NotFound

PAGE_SIZE = 500
"""Objects a page: bounds memory, and how long one decode holds the interpreter."""

_FIRST_FAILURE = 400


class ApiClient:
    """Live reads and writes of typed objects. Safe for use from many threads.

    Every method raises the ApiError of a refusal or the TransportError of no answer.

    Args:
        transport: carries the requests.
        throttle: limits requests a second on our side, or None; the server's own priority and
            fairness does that work better.
    """

    def __init__(self, transport: Transport, *, throttle: Throttle | None = None) -> None:
        self.transport = transport
        self._throttle = throttle

    def get(self, kind: type[O], namespace: str, name: str) -> O | None:
        """Return the object as stored, or None."""
        try:
            answer = self.request("GET", kind.resource_type.path(namespace, name))
        except NotFound:
            return None
        return decode(kind, answer.body)

    def list(
        self, kind: type[O], *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> Sequence[O]:
        """Return all objects that match the selectors; those that do not decode are left out."""
        pages = self.pages(kind, namespace=namespace, labels=labels, fields=fields)
        return [item for page in pages for item in page.items]

    def pages(
        self,
        kind: type[O],
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        resource_version: str = "",
    ) -> "Iterator[Listing[O]]":
        """Yield the pages of a list; Expired when the list took longer than history lasts."""
        query = _selectors(labels, fields)
        query["limit"] = str(PAGE_SIZE)
        if resource_version:
            query["resourceVersion"] = resource_version
        while True:
            answer = self.request("GET", kind.resource_type.path(namespace), query=query)
            page = decode_page(kind, answer.body)
            yield page
            if not page.continue_:
                return
            query.pop("resourceVersion", None)
            query["continue"] = page.continue_

    def watch(
        self,
        kind: type[O],
        *,
        namespace: str = "",
        labels: str = "",
        fields: str = "",
        resource_version: str = "",
        timeout: float,
        read_timeout: float,
    ) -> WatchStream[O]:
        """Open a watch.

        Args:
            kind: what is watched.
            namespace: where; empty for everywhere.
            labels: label selector.
            fields: field selector.
            resource_version: changes after this one.
            timeout: seconds after which the server is asked to end the watch.
            read_timeout: seconds of silence after which the stream counts as dead.
        """
        query = _selectors(labels, fields)
        query |= {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, int(timeout))),
            "resourceVersion": resource_version,
        }
        request = HttpRequest(
            method="GET",
            path=kind.resource_type.path(namespace),
            query=query,
            timeout=read_timeout,
        )
        stream = self.transport.stream(request)
        if stream.status >= _FIRST_FAILURE:
            body = b"".join(stream)
            raise status_error(
                body, status=stream.status, headers=stream.headers, request_line=request.line
            )
        return WatchStream(kind, stream)

    def create(self, obj: O, *, dry_run: bool = False) -> O:
        """Create an object and return it as stored, or with ``dry_run`` as it would be."""
        return self.create_from(obj, type(obj), dry_run=dry_run)

    def create_from(self, draft: Object, kind: type[O], *, dry_run: bool = False) -> O:
        """Create what a draft says and return it as stored, read as another type."""
        answer = self.request(
            "POST",
            draft.resource_type.path(draft.metadata.namespace),
            query={"dryRun": "All"} if dry_run else None,
            body=msgspec.json.encode(as_document(draft)),
        )
        return decode(kind, answer.body)

    def patch(self, before: O, after: O, *, subresource: str = "", lock: bool = True) -> O:
        """Send the difference of two values; no difference, no request."""
        change = diff(before, after, lock=lock, subresource=subresource)
        if change is None:
            return before
        meta = before.metadata
        try:
            answer = self.request(
                "PATCH",
                before.resource_type.path(meta.namespace, meta.name, subresource),
                body=change.body,
                content_type=change.content_type,
            )
        except Invalid as error:
            if not _is_lost_race(error, change):
                raise
            what = f"{before.resource_type.kind} {before.key} was changed or re-created"
            raise Conflict(
                409, "Conflict", f"{what} since it was read", request_line=error.request_line
            ) from error
        return decode(type(before), answer.body)

    def delete(
        self,
        obj: O,
        *,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        lock: bool = False,
        dry_run: bool = False,
    ) -> O | None:
        """Delete this very object; its uid, where known, is the precondition.

        With ``lock`` a change by anybody since it was read is a Conflict. With ``dry_run`` the
        server only says whether it would.

        Returns the object while it is still there (grace period, finalizers), else None.
        """
        options: dict[str, object] = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
        }
        if obj.metadata.uid:
            version = {"resourceVersion": obj.metadata.resource_version} if lock else {}
            options["preconditions"] = {"uid": obj.metadata.uid, **version}
        if dry_run:
            options["dryRun"] = ["All"]
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        path = obj.resource_type.path(obj.metadata.namespace, obj.metadata.name)
        answer = self.request("DELETE", path, body=msgspec.json.encode(options))
        if kind_of(answer.body) != obj.resource_type.kind:
            return None  # a Status: it is gone
        left = decode(type(obj), answer.body)
        return left if left.metadata.deletion_timestamp else None

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        content_type: str = "application/json",
    ) -> HttpResponse:
        """Send one request and return its answer; a failure is raised as ApiError."""
        if self._throttle is not None:
            self._throttle.wait()
        headers = {"content-type": content_type} if body is not None else {}
        request = HttpRequest(
            method=method, path=path, query=query or {}, headers=headers, body=body
        )
        answer = self.transport.send(request)
        if answer.status >= _FIRST_FAILURE:
            raise status_error(
                answer.body,
                status=answer.status,
                headers=answer.headers,
                request_line=request.line,
            )
        return answer


def _selectors(labels: str, fields: str) -> dict[str, str]:
    query: dict[str, str] = {}
    if labels:
        query["labelSelector"] = labels
    if fields:
        query["fieldSelector"] = fields
    return query


def _is_lost_race(error: ApiError, change: Patch) -> bool:
    """Whether a patch did not fit what it met, and not whether its outcome is wrong.

    A JSON Patch whose guard fails, or whose path leads nowhere because a list is shorter by now, is
    refused without a cause; a merge patch with another uid names the field.
    """
    if error.causes:
        return any(cause.field == "metadata.uid" for cause in error.causes)
    return change.content_type == JSON_PATCH and not error.message.startswith("admission webhook")
