"""ScalerService: the four methods of KEDA's external scaler, on the event loop of a server.

Nothing here waits for anything but the wire. A stream is a coroutine, so that strangers who open
many of them use up no threads.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from prometheus_client import CollectorRegistry

from okg.runtime.reconcile import Request
from okg.scaler.answers import Answers, Refused, ScaledObject
from okg.scaler.messages import (
    SERVICE,
    read_metrics_request,
    read_scaled_object,
    write_activity,
    write_metric_spec,
    write_metric_value,
)
from okg.scaler.metrics import ScalerMetrics
from okg.scaler.streams import Streams
from okg.telemetry.logging import BoundLogger, get_logger

TARGET = 1
"""Servers a unit of the metric: with ``AverageValue`` the metric is the number of servers."""

_STREAM = "StreamIsActive"

_Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"
_Answer: TypeAlias = Callable[[bytes], bytes]


class ScalerService:
    """Answers requests in the form of bytes.

    Args:
        answers: what is said.
        registry: where to count.
    """

    def __init__(self, answers: Answers, registry: CollectorRegistry) -> None:
        self.streams = Streams()
        self._answers = answers
        self._is_leaving = False
        self._log: BoundLogger = get_logger("scaler")
        self._methods: dict[str, _Answer] = {
            "IsActive": self._is_active,
            "GetMetricSpec": _metric_spec,
            "GetMetrics": self._metrics_of,
        }
        names = (*self._methods, _STREAM)
        self._metrics = ScalerMetrics(registry, names, lambda: len(self.streams))

    def handler(self) -> grpc.GenericRpcHandler:
        """Return what a server needs to serve this."""
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            name: grpc.unary_unary_rpc_method_handler(self._answering(name, answer))
            for name, answer in self._methods.items()
        }
        handlers[_STREAM] = grpc.unary_stream_rpc_method_handler(self._stream_activity)
        return grpc.method_handlers_generic_handler(SERVICE, handlers)

    def leave(self) -> None:
        """End all streams, so that their clients open them elsewhere; on the loop."""
        self._is_leaving = True
        self.streams.wake_all()

    def _is_active(self, request: bytes) -> bytes:
        return write_activity(active=self._answers.is_active(read_scaled_object(request)))

    def _metrics_of(self, request: bytes) -> bytes:
        return write_metric_value(self._answers.replicas(read_metrics_request(request)))

    def _answering(
        self, method: str, answer: _Answer
    ) -> Callable[[bytes, _Context], Awaitable[bytes]]:
        async def handle(request: bytes, context: _Context) -> bytes:
            started = time.perf_counter()
            try:
                response = answer(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the client hears of it
                code, text = self._explain(method, error)
                self._metrics.answered(method, code.name, started)
                await context.abort(code, text)
            self._metrics.answered(method, "OK", started)
            return response

        return handle

    async def _stream_activity(self, request: bytes, context: _Context) -> None:
        """Send whether a set is in use, at once and whenever that changes."""
        try:
            await self._send_activity(read_scaled_object(request), context)
            code, text = grpc.StatusCode.UNAVAILABLE, "this replica is going; ask another one"
        except asyncio.CancelledError:
            self._metrics.ended(_STREAM, "CANCELLED")
            raise
        except Exception as error:  # noqa: BLE001 - as above
            code, text = self._explain(_STREAM, error)
        self._metrics.ended(_STREAM, code.name)
        await context.abort(code, text)

    async def _send_activity(self, asked: ScaledObject, context: _Context) -> None:
        sent: bool | None = None
        with self.streams.listening(Request(asked.namespace, asked.name)) as news:
            while not self._is_leaving:
                news.clear()
                active = self._answers.is_active(asked)
                if active is not sent:
                    await context.write(write_activity(active=active))
                    sent = active
                await news.wait()

    def _explain(self, method: str, error: Exception) -> tuple[grpc.StatusCode, str]:
        """Return the status that tells of a failure."""
        if isinstance(error, Refused):
            return grpc.StatusCode[error.reason.name], str(error)
        if isinstance(error, DecodeError):
            return grpc.StatusCode.INVALID_ARGUMENT, f"not a request of {method}: {error}"
        self._log.error("no answer to an autoscaler", method=method, error=repr(error))
        return grpc.StatusCode.INTERNAL, f"{method} failed: {type(error).__name__}: {error}"


def _metric_spec(request: bytes) -> bytes:
    read_scaled_object(request)
    return write_metric_spec(TARGET)
