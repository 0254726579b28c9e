"""The schemas of the four ways to probe a container, as of Kubernetes 1.31."""

from okg.api.schema import (
    ATOMIC_LIST,
    INT32,
    INT_OR_STRING,
    STRING,
    Schema,
    array_of,
    described,
    object_of,
)

EXEC: Schema = described(
    object_of({"command": {**array_of(STRING), **ATOMIC_LIST}}),
    "Runs a command in the container; exit code 0 is success.",
)

_HTTP_HEADER = object_of({"name": STRING, "value": STRING}, required=["name", "value"])

HTTP_GET: Schema = described(
    object_of(
        {
            "host": STRING,
            "httpHeaders": {**array_of(_HTTP_HEADER), **ATOMIC_LIST},
            "path": STRING,
            "port": INT_OR_STRING,
            "scheme": STRING,
        },
        required=["port"],
    ),
    "Sends an HTTP GET to the container.",
)

TCP_SOCKET: Schema = described(
    object_of({"host": STRING, "port": INT_OR_STRING}, required=["port"]),
    "Opens a TCP connection to the container.",
)

GRPC: Schema = described(
    # The one default of our schemas: the Kubernetes type has it, and so has every stored object.
    object_of({"port": INT32, "service": {**STRING, "default": ""}}, required=["port"]),
    "Calls the gRPC health service of the container.",
)
