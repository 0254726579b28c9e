"""The errors of okg, one tree.

OkgError
├─ ConfigError            flags, kubeconfig, files: for the user to change (exit code 2)
├─ ApiError               the API server answered with a failure
│   ├─ BadRequest 400 · Unauthorized 401 · Forbidden 403 · NotFound 404
│   ├─ Conflict 409 · AlreadyExists 409 (by reason) · Expired 410 · Invalid 422
│   └─ TooManyRequests 429 · ServerError 5xx
├─ TransportError         no answer: ConnectFailed · TimedOut · StreamBroken
├─ ExecTimedOut           a command in a container did not end in time
├─ DecodeError            an answer that was not understood
├─ TerminalError          raised by a reconciler: do not retry this request
├─ NotCached              a read of a kind that has no informer
├─ CacheNotSynced         an informer did not get its first list in time
└─ LeadershipLost         another process leads now

`Cancelled` is not an `Exception`: a context that ends passes through `except Exception`.
"""

import msgspec


class OkgError(Exception):
    """Base of every error that okg raises on purpose."""


class ConfigError(OkgError):
    """Something the user gave us cannot work; the message says what to change."""

    exit_code = 2


class StatusCause(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of an Invalid answer: which field, and why."""

    field: str = ""
    message: str = ""
    reason: str = ""


class ApiError(OkgError):
    """The API server answered a request with a failure.

    Attributes:
        status: HTTP status code.
        reason: machine-readable reason of the Status object, e.g. ``AlreadyExists``.
        message: the server's own words.
        request_line: method and path of the request, without query.
        retry_after: seconds the server asked us to wait, or None.
        causes: the fields an Invalid answer complains about.
    """

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        request_line: str = "",
        retry_after: float | None = None,
        causes: tuple[StatusCause, ...] = (),
    ) -> None:
        super().__init__(status, reason, message)
        self.status = status
        self.reason = reason
        self.message = message
        self.request_line = request_line
        self.retry_after = retry_after
        self.causes = causes

    def __str__(self) -> str:
        where = f" ({self.request_line})" if self.request_line else ""
        return f"{self.status} {self.reason or type(self).__name__}: {self.message}{where}"


class BadRequest(ApiError):
    """400."""


class Unauthorized(ApiError):
    """401: the credentials are missing or no longer valid."""


class Forbidden(ApiError):
    """403: the credentials are valid, the role lacks the rule."""


class NotFound(ApiError):
    """404: no such object, or no such resource type."""


class Conflict(ApiError):
    """409: the object changed since it was read, or a precondition failed."""


class AlreadyExists(ApiError):
    """409 with reason AlreadyExists."""


class Expired(ApiError):
    """410: the resourceVersion or continue token is too old."""


class Invalid(ApiError):
    """422: the object does not pass validation, or a patch does not apply."""


class TooManyRequests(ApiError):
    """429: the server sheds load; ``retry_after`` says for how long."""


class ServerError(ApiError):
    """5xx."""


class TransportError(OkgError):
    """No answer came back."""


class ConnectFailed(TransportError):
    """The connection was refused, reset before an answer, or failed its TLS handshake."""


class TimedOut(TransportError):
    """No answer within the timeout."""


class StreamBroken(TransportError):
    """A response ended before it was complete."""


class ExecTimedOut(OkgError):
    """A command in a container had not ended when its time was up; it may still run there.

    Attributes:
        seconds: how long it was given.
    """

    def __init__(self, command: str, seconds: float) -> None:
        super().__init__(f"{command}: not finished after {seconds:g} s")
        self.seconds = seconds


class DecodeError(OkgError):
    """An answer that was not understood.

    Attributes:
        kind: the kind that was expected.
        key: ``namespace/name`` where it could be read, else empty.
    """

    def __init__(self, kind: str, key: str, message: str) -> None:
        super().__init__(f"cannot decode {kind} {key or '(unknown name)'}: {message}")
        self.kind = kind
        self.key = key


class TerminalError(OkgError):
    """Raised by a reconciler: retrying this request cannot help until something changes."""


class NotCached(OkgError):
    """A cached read of a kind or index that no informer serves."""


class CacheNotSynced(OkgError):
    """An informer did not receive its first list in time."""


class LeadershipLost(OkgError):
    """The lease is held by another process; nothing may be written any more."""


class Cancelled(BaseException):
    """The context ended. Never caught by ``except Exception``."""


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    422: Invalid,
    429: TooManyRequests,
}

_FIRST_SERVER_ERROR = 500


def api_error(
    status: int,
    reason: str,
    message: str,
    *,
    request_line: str = "",
    retry_after: float | None = None,
    causes: tuple[StatusCause, ...] = (),
) -> ApiError:
    """Return the error class that stands for a failed answer.

    The single place where a status number decides anything.
    """
    if reason == "AlreadyExists":
        kind: type[ApiError] = AlreadyExists
    elif reason in {"Expired", "Gone"}:
        kind = Expired
    elif status >= _FIRST_SERVER_ERROR:
        kind = ServerError
    else:
        kind = _BY_STATUS.get(status, ApiError)
    return kind(
        status, reason, message, request_line=request_line, retry_after=retry_after, causes=causes
    )
