"""Which networks there are, by options, by what the server serves and by what we may read."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from okg.api.core import Pod
from okg.api.resource import O, Object
from okg.client.rest import ApiClient
from okg.client.transport import HttpRequest, HttpResponse
from okg.cloudprovider.ledger_record import LedgerRecord
from okg.cloudprovider.options import SHIPPED, read_options
from okg.cloudprovider.registry import Registry
from okg.cmd.networks import FoundNetworks, add_networks, find_networks, own_namespace, selections
from okg.cmd.options import ManagerFlags, parse
from okg.errors import ConfigError
from okg.runtime.manager import Manager, ManagerOptions
from okg.testing.apiserver import FakeApiServer
from unit.webhooks.plugins import ScriptedPlugin

SHIPPED_FILE = Path(__file__).parents[3] / "config/manager/config.toml"


class Closed(FakeApiServer):
    """A server that refuses lists of a resource, and has no custom ones."""

    def __init__(self, *, forbidden: str) -> None:
        super().__init__()
        self._forbidden = forbidden

    def send(self, request: HttpRequest) -> HttpResponse:
        if request.path.endswith(f"/{self._forbidden}"):
            return HttpResponse(status=403, body=b'{"message":"no"}')
        return super().send(request)


def _find(server: FakeApiServer | None = None, *flags: str) -> FoundNetworks:
    return find_networks(ApiClient(server or FakeApiServer()), parse(flags))


def _options(folder: Path, text: str) -> str:
    path = folder / "config.toml"
    path.write_text(text)
    return f"--provider-config={path}"


def test_without_a_file_there_are_the_networks_of_the_shipped_options() -> None:
    found = _find()

    assert "AlibabaCloud-NLB" in found.plugins.names
    assert found.failures == {}
    assert found.plugins.networks.missing["JdCloud-NLB"] == (
        "Jdcloud is not enabled: write enable = true under [jdcloud]"
    )


def test_the_file_of_the_manifests_says_what_counts_without_one() -> None:
    assert read_options(SHIPPED_FILE) == SHIPPED


def test_a_file_says_which_providers_there_are(tmp_path: Path) -> None:
    flag = _options(tmp_path, "[tencentcloud]\nenable = true\n")

    assert _find(None, flag).plugins.names == ["TencentCloud-CLB"]


def test_a_file_that_was_named_has_to_be_there_and_to_be_toml(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--provider-config: cannot read /nowhere: "):
        _find(None, "--provider-config=/nowhere")
    with pytest.raises(ConfigError, match=r"--provider-config: cannot read .*: Expected"):
        _find(None, _options(tmp_path, "[kubernetes"))


def test_an_invalid_section_takes_its_provider_along_and_no_other(tmp_path: Path) -> None:
    flag = _options(
        tmp_path,
        "[tencentcloud]\nenable = true\n[volcengine]\nenable = true\n"
        "[volcengine.clb]\nmin_port = 0\nmax_port = 10\n",
    )

    with capture_logs() as logs:
        found = _find(None, flag)

    problem = "[volcengine]: clb.min_port must be greater than 0"
    assert found.plugins.names == ["TencentCloud-CLB"]
    assert found.failures == {"Volcengine": problem}
    assert found.plugins.networks.missing["Volcengine-CLB"] == (
        f"the options of Volcengine are invalid: {problem}"
    )
    assert [(line["log_level"], line["event"], line.get("problem")) for line in logs] == [
        ("error", "a network provider is disabled", problem),
        ("info", "Cloud Provider [TencentCloud] has been registered with 1 plugins", None),
        ("info", "plugin [TencentCloud-CLB] has been registered", None),
    ]


@pytest.mark.parametrize("ports", ["80000\nmax_port = 90000", f"{10**12}\nmax_port = {10**13}"])
def test_a_pool_without_ports_is_told(tmp_path: Path, ports: str) -> None:
    text = f"[kubernetes]\nenable = true\n[kubernetes.hostPort]\nmin_port = {ports}\n"

    with capture_logs() as logs:
        found = _find(None, _options(tmp_path, text))

    [told] = [line for line in logs if line["log_level"] == "warning"]
    assert "Kubernetes-HostPort" in found.plugins.names
    assert told["pool"] == "kubernetes-hostport"
    assert told["event"] == "a pool has no ports: widen min_port to max_port, from 1 to 65535"


def test_what_cannot_be_listed_takes_its_networks_along_and_no_others() -> None:
    with capture_logs() as logs:
        found = _find(Closed(forbidden="services"))

    missing = found.plugins.networks.missing
    assert missing["AlibabaCloud-NLB"] == "the manager may not list services (no)"
    assert missing["AlibabaCloud-EIP"].startswith(
        "the API server does not serve podeips.alibabacloud.com (v1beta1); install its"
    )
    assert "Volcengine-EIP" in found.plugins.names
    assert {missing["AlibabaCloud-NLB"], missing["AlibabaCloud-EIP"]} <= {
        line["problem"] for line in logs if "problem" in line
    }


def test_the_record_of_ports_is_kept_beside_the_manager() -> None:
    assert own_namespace(parse([])) == "kruise-game-system"
    assert own_namespace(parse(["--webhook-service-namespace=games"])) == "games"
    assert own_namespace(parse(["--namespace=lobby"])) == "lobby"
    assert selections(parse([]))[LedgerRecord].namespaces == ("kruise-game-system",)


class Following(ScriptedPlugin):
    """A plugin that follows pods."""

    observes = (Pod,)

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[Object | None, Object | None]] = []

    def observe(self, old: Object | None, new: Object | None) -> None:
        self.heard.append((old, new))


class Recorded(Manager):
    """A manager that tells what it was asked to do."""

    def __init__(self) -> None:
        super().__init__(FakeApiServer(), ManagerOptions())
        self.cached: list[type[Object]] = []
        self.observed: list[type[Object]] = []

    def cache(self, kind: type[Object]) -> None:
        self.cached.append(kind)

    def hear(self, kind: type[O], handler: object) -> None:
        self.observed.append(kind)


def _added(found: FoundNetworks, *, asked: bool, flags: ManagerFlags | None = None) -> Recorded:
    manager = Recorded()
    add_networks(manager, flags or parse([]), found, asked=asked)
    return manager


def test_who_asks_no_plugins_feeds_none_but_the_pools_of_the_records() -> None:
    found = FoundNetworks(Registry([Following()]), {})

    assert _added(found, asked=True).observed == [Pod]
    assert Pod in _added(found, asked=True).cached
    assert _added(found, asked=False).observed == []
    assert _added(found, asked=False).cached == []


def test_the_records_are_kept_where_controllers_run() -> None:
    found = _find()
    webhooks = parse(["--controllers=false"])

    assert [c.name for c in _added(found, asked=False).controllers] == ["port-controller"]
    assert _added(found, asked=True, flags=webhooks).controllers == ()
    assert _added(found, asked=True, flags=webhooks).observed != []
