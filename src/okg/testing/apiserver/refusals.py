"""Refusals: the failures an API server answers, as Status objects."""

from collections.abc import Sequence

import msgspec

from okg.api.resource import ResourceType
from okg.client.transport import HttpResponse
from okg.errors import StatusCause

JSON_HEADERS = {"content-type": "application/json"}


class Refusal(Exception):
    """The server refuses a request.

    Attributes:
        code: HTTP status.
        reason: machine-readable word of the Status object, empty where the real one sends none.
        message: what went wrong.
        details: the Status object's details.
        retry_after: seconds, also sent as a header, or None.
        continue_: where an expired list may go on.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: "Details | None" = None,
        retry_after: int | None = None,
        continue_: str = "",
    ) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.continue_ = continue_

    def body(self) -> bytes:
        """Return the Status object."""
        status: dict[str, object] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {"continue": self.continue_} if self.continue_ else {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        return msgspec.json.encode({**status, "code": self.code})

    def response(self) -> HttpResponse:
        """Return the answer that carries this refusal."""
        headers = dict(JSON_HEADERS)
        if self.retry_after is not None:
            headers["retry-after"] = str(self.retry_after)
        return HttpResponse(status=self.code, headers=headers, body=self.body())


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Details of a Status object; ``kind`` is the plural for some reasons, the kind for others."""

    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: Sequence[StatusCause] = ()
    retry_after_seconds: int = 0


def _plural_details(resource: ResourceType, name: str) -> Details:
    return Details(name=name, group=resource.group, kind=resource.plural)


def not_found(resource: ResourceType, name: str) -> Refusal:
    """404 for an object."""
    message = f'{resource.group_resource} "{name}" not found'
    return Refusal(404, "NotFound", message, details=_plural_details(resource, name))


def no_such_resource() -> Refusal:
    """404 for a path within a group that is served."""
    return Refusal(404, "NotFound", "no such resource is served", details=Details())


def method_not_allowed() -> Refusal:
    """405."""
    message = "this resource has no such method"
    return Refusal(405, "MethodNotAllowed", message, details=Details())


def unsupported_patch() -> Refusal:
    """415."""
    message = "this resource cannot be patched with such a content type"
    return Refusal(415, "UnsupportedMediaType", message, details=Details())


def already_exists(resource: ResourceType, name: str) -> Refusal:
    """409 for a name that is taken."""
    message = f'{resource.group_resource} "{name}" already exists'
    return Refusal(409, "AlreadyExists", message, details=_plural_details(resource, name))


def conflict(resource: ResourceType, name: str, why: str) -> Refusal:
    """409 for a lost race or a precondition."""
    message = f'{resource.group_resource} "{name}" stays as it is: {why}'
    return Refusal(409, "Conflict", message, details=_plural_details(resource, name))


def forbidden(resource: ResourceType, name: str, why: str, *causes: StatusCause) -> Refusal:
    """403."""
    details = Details(name=name, group=resource.group, kind=resource.plural, causes=causes)
    message = f'{resource.group_resource} "{name}" is forbidden: {why}'
    return Refusal(403, "Forbidden", message, details=details)


def invalid(resource: ResourceType, name: str, *causes: StatusCause) -> Refusal:
    """422 with the fields that are wrong."""
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    why = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    details = Details(name=name, group=resource.group, kind=resource.kind, causes=causes)
    return Refusal(422, "Invalid", f'{kind} "{name}" is invalid: {why}', details=details)


def does_not_apply() -> Refusal:
    """422 for a JSON patch that fails; the real server tells no more than this."""
    return Refusal(422, "Invalid", "the patch does not apply", details=Details())


def bad_request(why: str) -> Refusal:
    """400."""
    return Refusal(400, "BadRequest", why)


def expired(why: str, *, continue_: str = "") -> Refusal:
    """410."""
    return Refusal(410, "Expired", why, continue_=continue_)


def too_large_version(asked: int, current: int) -> Refusal:
    """504 for a resourceVersion of the future."""
    cause = StatusCause(reason="ResourceVersionTooLarge", message="not reached yet")
    return Refusal(
        504,
        "Timeout",
        f"resourceVersion {asked} is too large, the current one is {current}",
        details=Details(causes=(cause,), retry_after_seconds=1),
        retry_after=1,
    )


def bad_value(field: str, message: str) -> StatusCause:
    """Return the cause for a value that is not acceptable."""
    return StatusCause(field=field, message=message, reason="FieldValueInvalid")


def forbidden_value(field: str, message: str) -> StatusCause:
    """Return the cause for a value that may not be there, or not now."""
    return StatusCause(field=field, message=message, reason="FieldValueForbidden")


def missing_value(field: str, message: str = "must be given") -> StatusCause:
    """Return the cause for a value that is missing."""
    return StatusCause(field=field, message=message, reason="FieldValueRequired")


def invalid_options(cause: StatusCause) -> Refusal:
    """422 for the options of a list or a watch."""
    details = Details(group="meta.k8s.io", kind="ListOptions", causes=(cause,))
    return Refusal(422, "Invalid", f"{cause.field}: {cause.message}", details=details)
