"""What is told about parameters before any pod has them."""

from okg.api.game import NetworkConfParam
from okg.cloudprovider.alibabacloud.nlb import PARAMETERS
from okg.cloudprovider.checks import check_of
from okg.cloudprovider.registry import Registry
from okg.workload.network_rules import Findings
from unit.webhooks.plugins import ScriptedPlugin


class Telling(ScriptedPlugin):
    """A plugin that declares its parameters."""

    parameters = PARAMETERS


def found(*conf: tuple[str, str]) -> Findings:
    entries = [NetworkConfParam(name=name, value=value) for name, value in conf]
    return check_of(Telling("Test-NLB"))(entries)


GOOD = (("NlbIds", "nlb-a"), ("PortProtocols", "80/TCP"))


def test_good_parameters_find_nothing() -> None:
    assert found(*GOOD) == Findings()


def test_a_missing_and_a_strict_parameter_leave_no_network() -> None:
    assert found(("PortProtocols", "80/TCP"), ("LBHealthCheckFlag", "maybe")).fatal == (
        (
            "NlbIds is missing; write ids of network load balancers, separated by commas without"
            " blanks"
        ),
        'LBHealthCheckFlag: "maybe" is malformed; write on or off',
    )


def test_what_is_read_past_is_doubtful() -> None:
    told = (
        'PortProtocols: "x" is malformed; write ports from 1 to 65535 such as 80/TCP,7777/UDP, each'
        " TCP or UDP, none twice"
    )

    assert found(("NlbIds", "nlb-a"), ("PortProtocols", "80/TCP,x")) == Findings(doubtful=(told,))


def test_a_blank_between_names_is_doubtful_and_part_of_the_name() -> None:
    told = (
        'NlbIds: " nlb-b" is malformed; write ids of network load balancers, separated by commas'
        " without blanks"
    )

    assert found(("NlbIds", "nlb-a, nlb-b"), ("PortProtocols", "80")) == Findings(doubtful=(told,))


def test_containers_are_told_with_the_parameter_that_says_so() -> None:
    findings = found(*GOOD, ("AllowNotReadyContainers", "game,sidecar"))

    assert findings.containers == (
        ("AllowNotReadyContainers", "game"),
        ("AllowNotReadyContainers", "sidecar"),
    )


def test_a_required_parameter_of_which_nothing_can_be_read_leaves_no_network() -> None:
    findings = found(("NlbIds", "nlb-a"), ("PortProtocols", "x"))

    assert len(findings.fatal) == 1
    assert findings.doubtful == ()


def test_a_name_that_means_nothing_is_told_with_what_may_have_been_meant() -> None:
    assert found(*GOOD, ("NlbIDs", "nlb-b"), ("Zebra", "1")).idle == (
        "NlbIDs means nothing to Test-NLB; is NlbIds meant?",
        "Zebra means nothing to Test-NLB",
    )


def test_a_plugin_that_declares_nothing_takes_everything() -> None:
    entries = [NetworkConfParam(name="Anything", value="x")]

    assert check_of(ScriptedPlugin())(entries) == Findings()


def test_the_registry_knows_what_is_missing() -> None:
    networks = Registry([Telling("Test-NLB")], {"Other": "it is disabled"}).networks

    assert set(networks.checks) == {"Test-NLB"}
    assert networks.missing == {"Other": "it is disabled"}
