"""KEDA's side of the external scaler: a client that protoc makes from the public contract.

Shares nothing with our own messages, so that the two check each other.
"""

import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc
from grpc_tools import protoc  # type: ignore[import-untyped]  # has no types

CONTRACT = Path(__file__).with_suffix(".proto")

SECONDS = 20.0
"""How long a call may take."""


@cache
def _generated() -> tuple[Any, Any]:
    """The modules of messages and of the client."""
    with tempfile.TemporaryDirectory() as folder:
        options = [
            f"--proto_path={CONTRACT.parent}",
            f"--proto_path={files('grpc_tools') / '_proto'}",
        ]
        outputs = [f"--python_out={folder}", f"--grpc_python_out={folder}"]
        assert protoc.main(["protoc", *options, *outputs, CONTRACT.name]) == 0
        sys.path.insert(0, folder)
        try:
            return import_module("keda_pb2"), import_module("keda_pb2_grpc")
        finally:
            sys.path.remove(folder)


class Keda:
    """Asks as KEDA does: one poll is ``metric`` and ``is_active``."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._messages, clients = _generated()
        self._stub = clients.ExternalScalerStub(channel)

    def metric(self, namespace: str, name: str, **metadata: str) -> int:
        """Ask for the metric, which has but one value."""
        request = self._messages.GetMetricsRequest(
            scaledObjectRef=self._ref(namespace, name, metadata), metricName="gssReplicas"
        )
        [value] = self._stub.GetMetrics(request, timeout=SECONDS, wait_for_ready=True).metricValues
        assert value.metricName == "gssReplicas"
        assert value.metricValueFloat == 0
        return int(value.metricValue)

    def is_active(self, namespace: str, name: str, **metadata: str) -> bool:
        ref = self._ref(namespace, name, metadata)
        return bool(self._stub.IsActive(ref, timeout=SECONDS, wait_for_ready=True).result)

    def spec(self, namespace: str, name: str) -> tuple[str, int]:
        """Ask for name and target of the metric."""
        ref = self._ref(namespace, name, {})
        [spec] = self._stub.GetMetricSpec(ref, timeout=SECONDS, wait_for_ready=True).metricSpecs
        assert spec.targetSizeFloat == 0
        return str(spec.metricName), int(spec.targetSize)

    @contextmanager
    def stream(self, namespace: str, name: str, **metadata: str) -> Generator[Iterator[bool]]:
        """Yield what is pushed, until the end of the block."""
        ref = self._ref(namespace, name, metadata)
        call = self._stub.StreamIsActive(ref, timeout=SECONDS, wait_for_ready=True)
        try:
            yield (bool(answer.result) for answer in call)
        finally:
            call.cancel()

    def _ref(self, namespace: str, name: str, metadata: dict[str, str]) -> Any:
        everything = {"scalerAddress": "scaler:6000", **metadata}
        return self._messages.ScaledObjectRef(
            namespace=namespace, name=name, scalerMetadata=everything
        )


@contextmanager
def calling(address: str, authority: bytes | None = None) -> Generator[Keda]:
    """Yield a client; with an authority it speaks TLS and trusts that one alone."""
    options = (("grpc.use_local_subchannel_pool", 1),)
    if authority is None:
        channel = grpc.insecure_channel(address, options)
    else:
        credentials = grpc.ssl_channel_credentials(authority)
        channel = grpc.secure_channel(address, credentials, options)
    with channel:
        yield Keda(channel)
