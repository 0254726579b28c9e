"""Fingerprints that the Go manager computes."""

import pytest

from okg.cloudprovider.fingerprint import GoStruct, GoValue, Pointed, fingerprint

HEALTH = GoStruct(
    "*alibabacloud.nlbHealthConfig",
    (
        ("lBHealthCheckFlag", "string", "on"),
        ("lBHealthCheckType", "string", "tcp"),
        ("lBHealthCheckConnectPort", "string", "0"),
        ("lBHealthCheckConnectTimeout", "string", "5"),
        ("lBHealthCheckInterval", "string", "10"),
        ("lBHealthCheckUri", "string", ""),
        ("lBHealthCheckDomain", "string", ""),
        ("lBHealthCheckMethod", "string", ""),
        ("lBHealthyThreshold", "string", "2"),
        ("lBUnhealthyThreshold", "string", "2"),
    ),
)
INGRESS = GoStruct(
    "kubernetes.ingConfig",
    (
        ("paths", "[]string", ("/p",)),
        ("pathTypes", "[]*v1.PathType", (Pointed("Prefix"),)),
        ("ports", "[]int32", (80,)),
        ("host", "string", ""),
        ("ingressClassName", "*string", None),
        ("tlsHosts", "[]string", None),
        ("tlsSecretName", "string", ""),
        ("annotations", "map[string]string", {}),
        ("fixed", "bool", False),
    ),
)
NODE_PORT = GoStruct(
    "*kubernetes.nodePortConfig",
    (
        ("ports", "[]int", (80, 7777)),
        ("protocols", "[]v1.Protocol", ("TCP", "UDP")),
        ("isFixed", "bool", False),
    ),
)
NLB = GoStruct(
    "*alibabacloud.nlbConfig",
    (
        ("lbIds", "[]string", ("nlb-a", "nlb-b")),
        ("targetPorts", "[]int", (80, 7777)),
        ("protocols", "[]v1.Protocol", ("TCP", "UDP")),
        ("isFixed", "bool", False),
        ("nlbHealthConfig", "", HEALTH),
    ),
)
VOLCENGINE = GoStruct(
    "*volcengine.clbConfig",
    (
        ("lbIds", "[]string", ("clb-a", "clb-b")),
        ("targetPorts", "[]int", (80, 7777)),
        ("protocols", "[]v1.Protocol", ("TCP", "UDP")),
        ("isFixed", "bool", False),
        ("annotations", "map[string]string", {"k": "v", "a": "w"}),
        ("allocateLoadBalancerNodePorts", "bool", True),
        ("enableClbScatter", "bool", False),
        ("enableMultiIngress", "bool", False),
    ),
)
AWS_BACKENDS = GoStruct(
    "*amazonswebservices.nlbConfig",
    (
        (
            "loadBalancerARNs",
            "[]string",
            ("arn:aws:elasticloadbalancing:us-east-1:888:loadbalancer/net/aaa/3b33",),
        ),
        (
            "healthCheck",
            "",
            GoStruct(
                "*amazonswebservices.healthCheck",
                (
                    ("healthCheckEnabled", "*bool", True),
                    ("healthCheckIntervalSeconds", "*int64", 15),
                    ("healthCheckPath", "*string", None),
                    ("healthCheckPort", "*string", None),
                    ("healthCheckProtocol", "*string", None),
                    ("healthCheckTimeoutSeconds", "*int64", None),
                    ("healthyThresholdCount", "*int64", None),
                    ("unhealthyThresholdCount", "*int64", None),
                ),
            ),
        ),
        ("vpcID", "string", "vpc-1"),
        (
            "backends",
            "[]*amazonswebservices.backend",
            (
                Pointed(
                    GoStruct("", (("targetPort", "int", 80), ("protocol", "v1.Protocol", "TCP")))
                ),
                Pointed(
                    GoStruct("", (("targetPort", "int", 81), ("protocol", "v1.Protocol", "UDP")))
                ),
            ),
        ),
        ("isFixed", "bool", False),
        ("annotations", "map[string]string", {"k": "v"}),
    ),
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NODE_PORT, "324288360"),
        (INGRESS, "2317501820"),
        (NLB, "631269261"),
        (VOLCENGINE, "387844239"),
        (AWS_BACKENDS, "4015024503"),
    ],
    ids=["node port", "ingress", "lists and a struct", "map", "pointers"],
)
def test_a_struct_has_the_number_that_go_computes(value: GoValue, expected: str) -> None:
    assert fingerprint(value) == expected


def test_a_list_is_written_with_its_type() -> None:
    assert fingerprint((80,), "[]int32") == "1215747750"
