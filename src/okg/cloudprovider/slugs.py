"""Slugs: the few words by which spans, and the metrics made of them, tell networks apart.

Each is one of a small set, because each becomes a label of a metric.
"""

import re

from okg.api.core import Pod
from okg.workload.network_status import read_network_status

ERROR = "error"
NOT_READY = "not_ready"
WAITING = "waiting"

_PLUGINS = {
    "hostport": "kubernetes_hostport",
    "nodeport": "kubernetes_nodeport",
    "nlb": "alibabacloud_nlb",
}
"""Short names that people know plugins by."""

_CLOUDS = {
    "kubernetes-": "kubernetes",
    "alibabacloud-": "alibaba_cloud",
    "amazonwebservices-": "aws",
    "tencentcloud-": "tencent_cloud",
    "volcengine-": "volcengine",
    "jdcloud-": "jdcloud",
    "hwcloud-": "hwcloud",
}

_ERRORS = {
    "apicallerror": "api_call_error",
    "internalerror": "internal_error",
    "parametererror": "parameter_error",
    "notimplementederror": "not_implemented_error",
    "resourcenotready": "resource_not_ready",
    "portexhausted": "port_exhausted",
}

_STATES = {"notready": NOT_READY}


def plugin_slug(name: str) -> str:
    """Return ``alibabacloud_slb_sharedport`` for ``AlibabaCloud-SLB-SharedPort``."""
    slug = re.sub(r"\s+", "_", name.strip().lower()).replace("-", "_")
    return _PLUGINS.get(slug, slug)


def cloud_slug(network_type: str) -> str:
    """Return whose cloud a type of network is of, or ``unknown``."""
    known = network_type.strip().lower()
    return next((cloud for start, cloud in _CLOUDS.items() if known.startswith(start)), "unknown")


def error_slug(kind: str) -> str:
    """Return ``api_call_error`` for ``apiCallError``."""
    lower = kind.lower()
    return _ERRORS.get(lower, lower.replace("-", "_"))


def network_slug(pod: Pod, default: str = WAITING) -> str:
    """Return how the network of a pod is, as its plugin noted, or ``default`` if nothing is."""
    noted = read_network_status(pod)
    state = noted.current_network_state.lower() if noted is not None else ""
    return _STATES.get(state, state) or default
