"""Configuration of containerd, its network and the kubelet, as pure functions.

Paths of the node's own state are the programs' usual ones: a node has folders of its own there
(see ``INIT``).
"""

from collections.abc import Mapping
from ipaddress import IPv4Network
from pathlib import Path

import msgspec

from okg.testing.debian import ContainerPrograms

# Settings of the whole machine that the kubelet and the bridge plug-in set, to these values.
SETTINGS: Mapping[str, str] = {
    "kernel/keys/root_maxbytes": "25000000",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "net/ipv4/ip_forward": "1",
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
}

INIT = """#!/bin/sh
# The first process of a node. It has mounts and process ids of its own, so whatever runs or is
# mounted in the node ends with it.
set -e
folder=$1 containerd=$2 kubelet=$3

trap 'exit 0' TERM
for place in /run /var/lib /var/log; do
  mount -t tmpfs okg "$place"
done
# What is set for the whole machine is set in files of ours instead.
(cd "$folder/settings" && find . -type f) | while read -r setting; do
  mount --bind "$folder/settings/$setting" "/proc/sys/$setting"
done

{ "$containerd" --config "$folder/containerd.toml" || :; kill -TERM $$; } &
until [ -S "$folder/containerd.sock" ]; do
  sleep 0.05
done
{ "$kubelet" --config "$folder/kubelet.json" --kubeconfig "$folder/kubeconfig" \\
    --hostname-override "$4" --node-ip "$5" || :; kill -TERM $$; } &
wait
"""


def containerd_config(folder: Path, programs: ContainerPrograms, sandbox_image: str) -> str:
    """Return containerd's configuration.

    Args:
        folder: of the node.
        programs: what containerd starts.
        sandbox_image: holds the network of a pod; has to be loaded before the first pod.
    """
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    return f"""
version = 2
# It would make a folder in /opt.
disabled_plugins = ["io.containerd.internal.v1.opt"]

[grpc]
address = "{folder}/containerd.sock"

[debug]
level = "warn"

[{cri}]
sandbox_image = "{sandbox_image}"
# Within a container of somebody else the kernel refuses lower scores than our own.
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"

[{cri}.cni]
bin_dir = "{programs.network_plugins}"
conf_dir = "{folder}/network"

[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[{cri}.containerd.runtimes.runc.options]
BinaryName = "{programs.runc}"
SystemdCgroup = false

[{cri}.registry]
config_path = "{folder}/registries"
"""


# Nobody listens there: an image that is not on the node cannot be had. containerd 1.6 reads the
# server only from a file that has a host, too.
REGISTRIES = """
server = "http://127.0.0.1:9"
[host."http://127.0.0.1:9"]
"""


def network_config(bridge: str, subnet: IPv4Network) -> bytes:
    """Return the CNI configuration that attaches pods to a bridge of this machine.

    Ports that pods have of their node lead to them from its address on the bridge; those of the
    machine's other addresses are not the tests' to take.
    """
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": str(subnet), "gateway": str(subnet[1])}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    attach = {"type": "bridge", "bridge": bridge, "isGateway": True, "ipMasq": False}
    ports = {
        "type": "portmap",
        "capabilities": {"portMappings": True},
        "snat": False,
        "conditionsV4": ["-d", str(subnet[1])],
    }
    plugins = [{**attach, "ipam": addresses}, {"type": "loopback"}, ports]
    return msgspec.json.encode({"cniVersion": "0.4.0", "name": bridge, "plugins": plugins})


def kubelet_config(folder: Path, *, address: str, cgroup: str) -> bytes:
    """Return the kubelet's configuration.

    Args:
        folder: of the node; with ``ca.crt``, ``serving.crt`` and ``serving.key``.
        address: where the API server reaches the kubelet.
        cgroup: parent of the containers' control groups.
    """
    return msgspec.json.encode(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": address,
            "healthzPort": 0,
            "tlsCertFile": f"{folder}/serving.crt",
            "tlsPrivateKeyFile": f"{folder}/serving.key",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": False},
                "x509": {"clientCAFile": f"{folder}/ca.crt"},
            },
            "authorization": {"mode": "AlwaysAllow"},
            "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": cgroup,
            "enforceNodeAllocatable": [],
            "failCgroupV1": False,
            "failSwapOn": False,
            "localStorageCapacityIsolation": False,
            "makeIPTablesUtilChains": False,
            # The machine's memory and disk are not the tests' concern.
            "evictionHard": dict.fromkeys(
                ("memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available"),
                "0%",
            ),
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "resolvConf": "/dev/null",
            "clusterDNS": [address],
            "clusterDomain": "cluster.local",
        }
    )
