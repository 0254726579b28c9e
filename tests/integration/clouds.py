"""A plane with OpenKruise, nodes and a cloud, and what tests of networks look at there."""

import re
from collections import Counter
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from integration.arena import SYSTEM, Arena, running, template
from integration.hooked import Hooked, open_hooked
from okg.api.game import GameServerSet, NetworkStatus
from okg.api.service import Service
from okg.cloudprovider.alibabacloud.marks import ID
from okg.cloudprovider.ledger_record import LedgerRecord, balancers_of, read_book
from okg.cloudprovider.ports import ports_of
from okg.testing.cloud import CloudSimulator
from okg.testing.cloud.alibabacloud import BALANCERS
from okg.testing.kruise import KruiseManager
from okg.testing.nodes import NodeSimulator

ELECTED = ("--leader-elect", f"--leader-election-namespace={SYSTEM}")
FLAGS = (*ELECTED, "--workload-backend=native")
"""Of a manager that makes pods itself, and of sets that say so leaves it to OpenKruise."""

BACKEND = "game.kruise.io/workload-backend"
LEDGER = "okg-ports-alibabacloud-nlb"


class Clouded:
    """What the tests look at.

    Attributes:
        hooked: the plane, the way to the webhooks, and the replicas behind it.
    """

    def __init__(self, hooked: Hooked) -> None:
        self.hooked = hooked

    @property
    def arena(self) -> Arena:
        return self.hooked.arena

    def options(self, name: str, text: str) -> str:
        """Write provider options; return the flag that names them."""
        path = self.arena.folder / f"{name}.toml"
        path.write_text(text)
        return f"--provider-config={path}"

    def make(self, namespace: str, maker: str, **spec: object) -> None:
        """Create set ``a``, whose pods that back end makes."""
        meta = {"name": "a", "namespace": namespace, "annotations": {BACKEND: maker}}
        manifest = {"metadata": meta, "spec": {"gameServerTemplate": template(), **spec}}
        self.arena.admin.create(
            msgspec.json.decode(msgspec.json.encode(manifest), type=GameServerSet)
        )

    def networks(self, namespace: str) -> dict[str, NetworkStatus]:
        found = self.arena.servers(namespace)
        return {name: server.status.network_status for name, server in found.items()}

    def states(self, namespace: str) -> dict[str, str]:
        found = self.networks(namespace)
        return {name: network.current_network_state for name, network in found.items()}

    def services(self, namespace: str) -> dict[str, Service]:
        found = self.arena.admin.list(Service, namespace=namespace)
        return {service.metadata.name: service for service in found}

    def ports(self, namespace: str) -> Counter[tuple[str, int]]:
        """How often each port of each load balancer is given."""
        return Counter(
            (service.metadata.annotations[ID], port.port)
            for service in self.services(namespace).values()
            for port in service.spec.ports
        )

    def requests(self) -> Counter[tuple[str, str]]:
        """How many requests the API server has answered, by method and resource."""
        text = self.arena.admin.request("GET", "/metrics").body.decode()
        found: Counter[tuple[str, str]] = Counter()
        for labels, value in re.findall(r"apiserver_request_total{(.*)} (\S+)", text):
            told = dict(re.findall(r'(\w+)="([^"]*)"', labels))
            if not told["subresource"]:
                found[told["verb"], told["resource"]] += int(float(value))
        return found

    def record(self) -> dict[str, tuple[int, ...]]:
        """What is on record as given, by load balancer."""
        record = self.arena.admin.get(LedgerRecord, SYSTEM, LEDGER)
        if record is None:
            return {}
        books = {name: read_book(record, name) for name in balancers_of(record)}
        return {name: ports_of(book.used) for name, book in books.items()}

    def claims(self, balancers: Iterable[str]) -> set[str]:
        """Who has a claim on record that no Service has taken up."""
        record = self.arena.admin.get(LedgerRecord, SYSTEM, LEDGER)
        assert record is not None
        return {holder for name in balancers for holder in read_book(record, name).claims}


def nlb(*balancers: str, **more: str) -> dict[str, object]:
    """Return a network of ports of load balancers."""
    conf = {"NlbIds": ",".join(balancers), "PortProtocols": "80/TCP", **more}
    return network("AlibabaCloud-NLB", conf)


def network(kind: str, conf: Mapping[str, str]) -> dict[str, object]:
    entries = [{"name": name, "value": value} for name, value in conf.items()]
    return {"networkType": kind, "networkConf": entries}


@contextmanager
def open_clouded(folder: Path) -> Generator[Clouded]:
    """Start the plane, OpenKruise, nodes and the cloud."""
    with ExitStack() as stack:
        hooked = stack.enter_context(open_hooked(folder, kruise=False))
        stack.enter_context(KruiseManager(hooked.arena.plane))
        nodes = NodeSimulator(hooked.arena.admin)
        cloud = CloudSimulator(hooked.arena.admin, [BALANCERS])
        stack.enter_context(running(nodes.run, cloud.run))
        yield Clouded(hooked)
