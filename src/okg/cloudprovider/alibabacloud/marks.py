"""What Services of Alibaba Cloud carry, whatever kind of load balancer they are on."""

from collections.abc import Mapping

from okg.cloudprovider.alibabacloud.health import PREFIX

ID = f"{PREFIX}id"
"""Annotation: the load balancer that a Service is to be on."""

ID_LABEL = "service.k8s.alibaba/loadbalancer-id"
"""Label: the one it is on, by the cloud controller."""

ID_KEYS = (ID, ID_LABEL)

NO_PROXY: Mapping[str, str] = {"service.kubernetes.io/service-proxy-name": "dummy"}
"""Label that keeps kube-proxy away: traffic goes straight to the pod."""

NLB_CLASS = "alibabacloud.com/nlb"


def placed(balancer: str) -> dict[str, str]:
    """Return the annotations that put a Service on a load balancer of the user's."""
    return {ID: balancer, f"{PREFIX}force-override-listeners": "true"}
