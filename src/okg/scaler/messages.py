"""Messages of KEDA's external scaler, between their bytes and our values.

The descriptors are built here, from the numbers below: generated code would demand the very version
of protobuf that it was generated for. Fields that KEDA added later are left out; it takes the
integers where the fractions are missing.
"""

from collections.abc import Mapping
from typing import Protocol, cast

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    MessageOptions,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from okg.scaler.answers import ScaledObject

SERVICE = "externalscaler.ExternalScaler"

METRIC = "gssReplicas"
"""The one metric there is."""

_PACKAGE = "externalscaler"
_STRING = FieldDescriptorProto.TYPE_STRING
_BOOL = FieldDescriptorProto.TYPE_BOOL
_INT64 = FieldDescriptorProto.TYPE_INT64


def read_scaled_object(data: bytes) -> ScaledObject:
    """Decode the request of all methods but ``GetMetrics``; a google DecodeError if it is none."""
    return _scaled_object(cast("_ScaledObjectRef", _SCALED_OBJECT_REF.FromString(data)))


def read_metrics_request(data: bytes) -> ScaledObject:
    """Decode the request of ``GetMetrics``; whatever metric it asks for, there is one."""
    request = cast("_GetMetricsRequest", _GET_METRICS_REQUEST.FromString(data))
    return _scaled_object(request.scaledObjectRef)


def write_activity(*, active: bool) -> bytes:
    """Encode the answer of ``IsActive`` and ``StreamIsActive``."""
    return _IS_ACTIVE_RESPONSE(result=active).SerializeToString()


def write_metric_spec(target: int) -> bytes:
    """Encode the answer of ``GetMetricSpec``."""
    spec = {"metricName": METRIC, "targetSize": target}
    return _GET_METRIC_SPEC_RESPONSE(metricSpecs=[spec]).SerializeToString()


def write_metric_value(value: int) -> bytes:
    """Encode the answer of ``GetMetrics``."""
    found = {"metricName": METRIC, "metricValue": value}
    return _GET_METRICS_RESPONSE(metricValues=[found]).SerializeToString()


class _ScaledObjectRef(Protocol):
    name: str
    namespace: str
    scalerMetadata: Mapping[str, str]  # noqa: N815 - a field's name in protobuf


class _GetMetricsRequest(Protocol):
    scaledObjectRef: _ScaledObjectRef  # noqa: N815 - likewise


def _scaled_object(ref: _ScaledObjectRef) -> ScaledObject:
    return ScaledObject(ref.namespace, ref.name, dict(ref.scalerMetadata))


def _scalar(
    name: str, number: int, kind: FieldDescriptorProto.Type.ValueType
) -> FieldDescriptorProto:
    return FieldDescriptorProto(
        name=name, number=number, type=kind, label=FieldDescriptorProto.LABEL_OPTIONAL
    )


def _message(name: str, number: int, kind: str, *, repeated: bool = False) -> FieldDescriptorProto:
    return FieldDescriptorProto(
        name=name,
        number=number,
        type=FieldDescriptorProto.TYPE_MESSAGE,
        type_name=f".{_PACKAGE}.{kind}",
        label=FieldDescriptorProto.LABEL_REPEATED
        if repeated
        else FieldDescriptorProto.LABEL_OPTIONAL,
    )


_METADATA_ENTRY = DescriptorProto(
    name="ScalerMetadataEntry",
    field=[_scalar("key", 1, _STRING), _scalar("value", 2, _STRING)],
    options=MessageOptions(map_entry=True),
)

_FILE = FileDescriptorProto(
    name="externalscaler.proto",
    package=_PACKAGE,
    syntax="proto3",
    message_type=[
        DescriptorProto(
            name="ScaledObjectRef",
            field=[
                _scalar("name", 1, _STRING),
                _scalar("namespace", 2, _STRING),
                _message("scalerMetadata", 3, "ScaledObjectRef.ScalerMetadataEntry", repeated=True),
            ],
            nested_type=[_METADATA_ENTRY],
        ),
        DescriptorProto(name="IsActiveResponse", field=[_scalar("result", 1, _BOOL)]),
        DescriptorProto(
            name="GetMetricSpecResponse",
            field=[_message("metricSpecs", 1, "MetricSpec", repeated=True)],
        ),
        DescriptorProto(
            name="MetricSpec",
            field=[_scalar("metricName", 1, _STRING), _scalar("targetSize", 2, _INT64)],
        ),
        DescriptorProto(
            name="GetMetricsRequest",
            field=[
                _message("scaledObjectRef", 1, "ScaledObjectRef"),
                _scalar("metricName", 2, _STRING),
            ],
        ),
        DescriptorProto(
            name="GetMetricsResponse",
            field=[_message("metricValues", 1, "MetricValue", repeated=True)],
        ),
        DescriptorProto(
            name="MetricValue",
            field=[_scalar("metricName", 1, _STRING), _scalar("metricValue", 2, _INT64)],
        ),
    ],
)

# A pool of its own: whoever embeds us may have generated code of the same names.
_POOL = DescriptorPool()
_POOL.Add(_FILE)


def _class(name: str) -> type[Message]:
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


_SCALED_OBJECT_REF = _class("ScaledObjectRef")
_IS_ACTIVE_RESPONSE = _class("IsActiveResponse")
_GET_METRIC_SPEC_RESPONSE = _class("GetMetricSpecResponse")
_GET_METRICS_REQUEST = _class("GetMetricsRequest")
_GET_METRICS_RESPONSE = _class("GetMetricsResponse")
