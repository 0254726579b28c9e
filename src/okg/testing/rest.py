"""JSON over HTTPS to an API server, for setting up what tests run on.

On purpose apart from ``okg.client``: the test bed is what ``okg.client`` is measured by.
"""

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import msgspec
import urllib3

from okg.errors import ConnectFailed, api_error

_OK = 200
_FIRST_FAILURE = 400
_TIMEOUT = urllib3.Timeout(connect=2.0, read=30.0)


class _Status(msgspec.Struct, frozen=True):
    """The part of a failed answer that says why."""

    reason: str = ""
    message: str = ""


class RestClient:
    """Sends JSON and returns JSON.

    Args:
        url: address of the server.
        ca_file: certificate to check the server with.
        token: bearer token, or None.
        client_certificate: files with the certificate and its key, or None.
    """

    def __init__(
        self,
        url: str,
        *,
        ca_file: Path,
        token: str | None = None,
        client_certificate: tuple[Path, Path] | None = None,
    ) -> None:
        certificate, key = client_certificate or (None, None)
        self._url = url
        self._pool = urllib3.PoolManager(
            ca_certs=str(ca_file),
            cert_file=str(certificate) if certificate else None,
            key_file=str(key) if key else None,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            retries=False,
            timeout=_TIMEOUT,
        )

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self.close()

    def get(self, path: str) -> dict[str, object]:
        """Return what is at ``path``."""
        return self.call("GET", path)

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, object]:
        """Send one request and return the decoded answer.

        Raises:
            ApiError: the server answered with a failure.
            ConnectFailed: there was no answer.
        """
        response = self._send(method, path, body, query or {}, content_type)
        if response.status >= _FIRST_FAILURE:
            status = _decode_status(response.data)
            raise api_error(
                response.status, status.reason, status.message, request_line=f"{method} {path}"
            )
        return msgspec.json.decode(response.data, type=dict[str, object])

    def answers(self, path: str) -> bool:
        """Whether a GET of ``path`` is answered with 200; for probes."""
        try:
            return self._send("GET", path, None, {}, "").status == _OK
        except ConnectFailed:
            return False

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _send(
        self, method: str, path: str, body: object, query: Mapping[str, str], content_type: str
    ) -> urllib3.BaseHTTPResponse:
        payload = None if body is None else msgspec.json.encode(body)
        headers = {**self._pool.headers, "Accept": "application/json"}
        if payload is not None:
            headers["Content-Type"] = content_type
        target = f"{self._url}{path}{_query_string(query)}"
        try:
            return self._pool.request(method, target, body=payload, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise ConnectFailed(f"{method} {self._url}{path}: {error}") from error


def _query_string(query: Mapping[str, str]) -> str:
    return f"?{urlencode(query)}" if query else ""


def _decode_status(body: bytes) -> _Status:
    try:
        return msgspec.json.decode(body, type=_Status)
    except msgspec.DecodeError:
        return _Status(message=body.decode(errors="replace"))
