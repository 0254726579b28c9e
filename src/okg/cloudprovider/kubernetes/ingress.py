"""Kubernetes-Ingress: an HTTP route of its own for each server."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import NetworkAddress, NetworkPort
from okg.api.meta import ObjectMeta, OwnerReference
from okg.api.networking import (
    HttpIngressPath,
    HttpIngressRule,
    Ingress,
    IngressBackend,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressTls,
    ServiceBackendPort,
)
from okg.api.service import Service, ServicePort, ServiceSpec
from okg.client.client import Client
from okg.cloudprovider.asked_annotations import brought_up, noted
from okg.cloudprovider.balancer import CLUSTER_IP, annotated, redressed
from okg.cloudprovider.creation import create_once
from okg.cloudprovider.features import Features
from okg.cloudprovider.fingerprint import GoStruct, Pointed, fingerprint
from okg.cloudprovider.grammar import (
    PORTS,
    Grammar,
    Malformed,
    Reading,
    Texts,
    flag,
    one,
    parse_int,
    text,
    texts,
)
from okg.cloudprovider.kubernetes.node_port import SERVICE_HASH
from okg.cloudprovider.owners import is_left_behind, owner_of
from okg.cloudprovider.parameters import Conf, Parameter, Parameters
from okg.cloudprovider.pod_network import read_pod_network, told_ready, told_state
from okg.context import Context
from okg.workload.names import POD_NAME
from okg.workload.ordinals import ordinal_of

T = TypeVar("T")

INGRESS_HASH = "game.kruise.io/ingress-hash"
"""Annotation of Ingresses: fingerprint of the configuration they were made by."""

ORDINAL = "<id>"
"""Stands for the number of a server."""


def _templates(description: str) -> Grammar[tuple[str, ...]]:
    """Texts with at most one place for the number of a server, one an entry."""

    def read(given: Texts) -> Reading[tuple[str, ...]]:
        faults = tuple(text for text in given if text.count(ORDINAL) > 1)
        return Reading(tuple(given), faults)

    return Grammar(description, (), read)


def _template(description: str) -> Grammar[str]:
    def parse(text: str) -> str:
        if text.count(ORDINAL) > 1:
            raise Malformed(text)
        return text

    return one(description, "", parse)


def _ports() -> Grammar[tuple[int, ...]]:
    """Ports, one an entry; what is none counts as 0, which the API server refuses."""

    def parse(text: str) -> int:
        try:
            return parse_int(text)
        except Malformed:
            return 0

    def read(given: Texts) -> Reading[tuple[int, ...]]:
        ports = tuple(map(parse, given))
        bad = (text for text, port in zip(given, ports, strict=True) if port not in PORTS)
        return Reading(ports, tuple(bad))

    return Grammar("a port from 1 to 65535", (), read)


def _annotations() -> Grammar[Mapping[str, str]]:
    """``key: value``, one an entry; the first colon with a blank must be the only one."""

    def read(given: Texts) -> Reading[Mapping[str, str]]:
        parts = [text.split(": ") for text in given]
        good = {pair[0]: pair[1] for pair in parts if len(pair) == 2}  # noqa: PLR2004 - a pair
        bad = tuple(": ".join(pair) for pair in parts if len(pair) != 2)  # noqa: PLR2004 - a pair
        return Reading(good, bad)

    return Grammar("key: value, with one blank behind the colon", {}, read)


PATH = Parameter(
    name="Path",
    grammar=_templates("a path with at most one <id>, which becomes the number of the server"),
    meaning="path of the server; may be written several times",
    strict=True,
    required=True,
)
PATH_TYPE = Parameter(
    name="PathType",
    grammar=texts("Prefix, Exact or ImplementationSpecific", "Prefix|Exact|ImplementationSpecific"),
    meaning="kind of each path; the first counts for all that have none",
    required=True,
)
PORT = Parameter(
    name="Port",
    grammar=_ports(),
    meaning="port of each path; the first counts for all that have none",
    required=True,
)
HOST = Parameter(
    name="Host",
    grammar=_template("a name with at most one <id>, which becomes the number of the server"),
    meaning="host name of the server",
    strict=True,
)
CLASS = Parameter(
    name="IngressClassName", grammar=text("the name of a class"), meaning="class of the Ingress"
)
TLS_HOSTS = Parameter(
    name="TlsHosts", grammar=text("names, separated by commas"), meaning="hosts of the certificate"
)
TLS_SECRET = Parameter(
    name="TlsSecretName", grammar=text("the name of a Secret"), meaning="where the certificate is"
)
ANNOTATION = Parameter(
    name="Annotation",
    grammar=_annotations(),
    meaning="annotation of the Ingress; may be written several times",
    strict=True,
)
FIXED = Parameter(
    name="Fixed", grammar=flag(), meaning="whether Service and Ingress outlive the pod"
)


def _rules(conf: Conf) -> Iterator[str]:
    """Yield that nothing is served."""
    if not conf[PATH] or not conf[PATH_TYPE] or not conf[PORT]:
        yield "Network Config Params Error: Path, PathType and Port are needed"


PARAMETERS = Parameters(
    PATH, PATH_TYPE, PORT, HOST, CLASS, TLS_HOSTS, TLS_SECRET, ANNOTATION, FIXED, rules=_rules
)


class IngressNetwork:
    """The network type, as a plugin."""

    name = "Kubernetes-Ingress"
    alias = ""
    parameters = PARAMETERS
    features = Features(reach="an HTTP route", makes=("Service", "Ingress"), keeps=FIXED.name)
    reads = (Service, Ingress)

    def start(self, ctx: Context, client: Client) -> None:
        """Nothing to do: nothing is kept."""

    def on_pod_added(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Return the pod, if its configuration can work."""
        del ctx, client
        PARAMETERS.read(read_pod_network(pod).entries)
        return pod

    def on_pod_updated(self, ctx: Context, client: Client, pod: Pod) -> Pod:
        """Bring Service and Ingress one step further; return the pod with what is to be told."""
        del ctx
        network = read_pod_network(pod)
        if network.status is None:
            return told_state(pod, network)
        conf = PARAMETERS.read(network.entries)
        owner = owner_of(client, pod, fixed=conf[FIXED])
        service, ingress = _service(conf, pod, owner), _ingress(conf, pod, owner)
        has = client.get(Service, pod.metadata.namespace, pod.metadata.name)
        serves = client.get(Ingress, pod.metadata.namespace, pod.metadata.name)
        if any(it is not None and is_left_behind(client, pod, it) for it in (has, serves)):
            return told_state(pod, network)
        if has is None or serves is None:
            create_once(client, service if has is None else ingress)
            return pod
        if leads_other := _is_of_other(has, service, SERVICE_HASH):
            client.patch(has, redressed(has, service))
        # Without a rule it leads nobody anywhere.
        if serves_other := _is_of_other(serves, ingress, INGRESS_HASH) or not serves.spec.rules:
            client.patch(serves, _brought_up(serves, ingress))
        return told_state(pod, network) if leads_other or serves_other else _told(pod, serves)

    def on_pod_deleted(self, ctx: Context, client: Client, pod: Pod) -> None:
        """Nothing to do: Service and Ingress go with their owner."""


def _is_of_other(stored: Service | Ingress, wanted: Service | Ingress, key: str) -> bool:
    """Whether an object was made by another configuration, or for another owner."""
    old, new = stored.metadata, wanted.metadata
    same_owner = old.owner_references == new.owner_references
    return not same_owner or old.annotations.get(key) != new.annotations[key]


def _brought_up(stored: Ingress, wanted: Ingress) -> Ingress:
    """Return a stored Ingress with all that is ours as it is to be."""
    kept = stored.metadata
    meta = replace(
        kept,
        annotations=brought_up(kept.annotations, wanted.metadata.annotations),
        owner_references=wanted.metadata.owner_references,
    )
    return replace(stored, metadata=meta, spec=wanted.spec)


def _told(pod: Pod, ingress: Ingress) -> Pod:
    """Return the pod with the paths of its Ingress."""
    rule = ingress.spec.rules[0]
    ports = tuple(
        NetworkPort(name=path.path, port=path.backend.service.port.number)
        for path in (rule.http.paths if rule.http else ())
        if path.backend.service is not None
    )
    inside = NetworkAddress(ip=pod.status.pod_ip, ports=ports)
    outside = NetworkAddress(ip="", end_point=rule.host, ports=ports)
    return told_ready(pod, [inside], [outside])


def _service(conf: Conf, pod: Pod, owner: OwnerReference) -> Service:
    spec = ServiceSpec(
        type=CLUSTER_IP,
        selector={POD_NAME: pod.metadata.name},
        ports=tuple(ServicePort(name=str(port), port=port) for port in dict.fromkeys(conf[PORT])),
    )
    plain = Service(metadata=_meta(pod, owner), spec=spec)
    return annotated(plain, {SERVICE_HASH: fingerprint(conf[PORT], "[]int32")})


def _ingress(conf: Conf, pod: Pod, owner: OwnerReference) -> Ingress:
    rule = IngressRule(
        host=_numbered(conf[HOST], pod), http=HttpIngressRule(paths=tuple(_paths(conf, pod)))
    )
    spec = IngressSpec(ingress_class_name=conf[CLASS] or None, tls=_tls(conf), rules=(rule,))
    asked = conf[ANNOTATION]
    annotations = {**asked, **noted(asked), INGRESS_HASH: _fingerprint(conf, pod)}
    meta = replace(_meta(pod, owner), annotations=annotations)
    return Ingress(metadata=meta, spec=spec)


def _meta(pod: Pod, owner: OwnerReference) -> ObjectMeta:
    meta = pod.metadata
    return ObjectMeta(name=meta.name, namespace=meta.namespace, owner_references=(owner,))


def _paths(conf: Conf, pod: Pod) -> Iterator[HttpIngressPath]:
    for index, path in enumerate(conf[PATH]):
        port = ServiceBackendPort(number=_at(conf[PORT], index))
        backend = IngressServiceBackend(name=pod.metadata.name, port=port)
        yield HttpIngressPath(
            path=_numbered(path, pod),
            path_type=_at(conf[PATH_TYPE], index),
            backend=IngressBackend(service=backend),
        )


def _tls(conf: Conf) -> tuple[IngressTls, ...]:
    if not conf[TLS_HOSTS] and not conf[TLS_SECRET]:
        return ()
    return (IngressTls(hosts=_hosts(conf) or (), secret_name=conf[TLS_SECRET]),)


def _hosts(conf: Conf) -> tuple[str, ...] | None:
    return tuple(conf[TLS_HOSTS].split(",")) if conf.given(TLS_HOSTS) else None


def _at(values: Sequence[T], index: int) -> T:
    """Return the value for a path: its own, or the first."""
    return values[index] if index < len(values) else values[0]


def _numbered(template: str, pod: Pod) -> str:
    return template.replace(ORDINAL, str(ordinal_of(pod.metadata.name)))


def _fingerprint(conf: Conf, pod: Pod) -> str:
    fields = (
        ("paths", "[]string", tuple(_numbered(path, pod) for path in conf[PATH])),
        ("pathTypes", "[]*v1.PathType", tuple(map(Pointed, conf[PATH_TYPE]))),
        ("ports", "[]int32", conf[PORT]),
        ("host", "string", _numbered(conf[HOST], pod)),
        ("ingressClassName", "*string", conf[CLASS] if conf.given(CLASS) else None),
        ("tlsHosts", "[]string", _hosts(conf)),
        ("tlsSecretName", "string", conf[TLS_SECRET]),
        ("annotations", "map[string]string", conf[ANNOTATION]),
        ("fixed", "bool", conf[FIXED]),
    )
    return fingerprint(GoStruct("kubernetes.ingConfig", fields))
