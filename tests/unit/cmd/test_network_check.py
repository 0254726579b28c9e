"""What is said of the networks of manifests."""

from collections.abc import Mapping

from okg.client.patch import Json
from okg.cloudprovider.alibabacloud.provider import provider
from okg.cloudprovider.catalog import build_catalog
from okg.cloudprovider.kubernetes.provider import provider as kubernetes
from okg.cmd.network_check import Verdict, as_text, check

CATALOG = build_catalog([provider])


def _set(network: Json) -> Mapping[str, Json]:
    return {"metadata": {"name": "lobby", "namespace": "games"}, "spec": {"network": network}}


def _nlb(**values: str) -> Mapping[str, Json]:
    entries: list[Json] = [{"name": name, "value": value} for name, value in values.items()]
    return _set({"networkType": "AlibabaCloud-NLB", "networkConf": entries})


def test_a_network_that_works_needs_no_word() -> None:
    verdict = check(_nlb(NlbIds="nlb-1", PortProtocols="80/TCP"), CATALOG)

    assert verdict == Verdict(namespace="games", name="lobby", network_type="AlibabaCloud-NLB")


def test_what_is_missing_is_named_with_what_to_write() -> None:
    verdict = check(_nlb(PortProtocols="80/TCP"), CATALOG)

    assert verdict.problems == (
        (
            "NlbIds is missing; write ids of network load balancers, separated by commas without"
            " blanks"
        ),
    )


def test_what_is_malformed_or_out_of_range_is_named_with_what_to_write() -> None:
    conf = _nlb(NlbIds="nlb-1", PortProtocols="80/TCP,99999", LBHealthCheckInterval="often")

    assert check(conf, CATALOG).problems == (
        (
            'PortProtocols: "99999" is malformed; write ports from 1 to 65535 such as'
            " 80/TCP,7777/UDP, each TCP or UDP, none twice"
        ),
        'LBHealthCheckInterval: "often" is malformed; write a number from 1 to 50',
    )


def test_a_name_that_means_nothing_is_a_warning() -> None:
    verdict = check(_nlb(NlbIds="nlb-1", PortProtocols="80", NlbID="x", Colour="red"), CATALOG)

    assert verdict.problems == ()
    assert verdict.warnings == (
        "Colour means nothing to AlibabaCloud-NLB",
        "NlbID means nothing to AlibabaCloud-NLB; is NlbIds meant?",
    )


def test_a_container_that_the_template_does_not_have_is_a_warning() -> None:
    conf: list[Json] = [{"name": "ContainerPorts", "value": "gmae:80"}]
    spec: Json = {
        "network": {"networkType": "Kubernetes-HostPort", "networkConf": conf},
        "gameServerTemplate": {"spec": {"containers": [{"name": "game"}]}},
    }

    assert check({"spec": spec}, build_catalog([kubernetes])).warnings == (
        'ContainerPorts: the template has no container "gmae"; there are game',
    )


def test_an_unknown_network_type_is_told_which_there_are() -> None:
    verdict = check(_set({"networkType": "AlibabaCloud-NBL"}), CATALOG)

    assert verdict.problems[0].startswith(
        "there is no network type AlibabaCloud-NBL; is AlibabaCloud-NLB meant?"
        " There are AlibabaCloud-"
    )


def test_a_network_without_a_type_is_told_which_there_are() -> None:
    verdict = check(_set({"networkConf": None}), CATALOG)

    assert verdict.problems[0].startswith("networkType is missing; write one of AlibabaCloud-")


def test_a_provider_that_is_not_enabled_is_told_beside_the_other_problems() -> None:
    verdict = check(_nlb(NlbIds="nlb-1"), build_catalog([provider], {}))

    assert verdict.problems == (
        (
            "AlibabaCloud-NLB cannot be used: AlibabaCloud is not enabled:"
            " write enable = true under [alibabacloud]"
        ),
        (
            "PortProtocols is missing; write ports from 1 to 65535 such as 80/TCP,7777/UDP,"
            " each TCP or UDP, none twice"
        ),
    )


def test_a_number_without_quotes_is_no_text() -> None:
    conf: Json = [{"name": "PortProtocols", "value": 80}]
    verdict = check(_set({"networkType": "AlibabaCloud-NLB", "networkConf": conf}), CATALOG)

    assert (verdict.namespace, verdict.name) == ("games", "lobby")
    assert verdict.network_type == "AlibabaCloud-NLB"
    assert verdict.problems == (
        (
            "Expected `str`, got `int` - at `$.spec.network.networkConf[0].value`;"
            " numbers, true and false need quotes"
        ),
    )


def test_a_misspelt_member_is_a_problem_as_it_is_to_kubectl() -> None:
    verdict = check(_set({"networkType": "AlibabaCloud-NLB", "networkConfig": []}), CATALOG)

    assert verdict.problems == (
        "Object contains unknown field `networkConfig` - at `$.spec.network`",
    )


def test_a_set_without_a_network_is_in_order() -> None:
    verdict = check({"metadata": {"name": "lobby"}, "spec": {}}, CATALOG)

    assert verdict == Verdict(namespace="", name="lobby")


def test_a_set_that_is_hardly_one_is_a_problem() -> None:
    verdict = check({"metadata": [], "spec": {}}, CATALOG)

    assert verdict.name == ""
    assert verdict.problems == ("Expected `object`, got `array` - at `$.metadata`",)


def test_the_text_has_a_line_for_each_set_and_each_thing_to_say() -> None:
    verdicts = [
        check(_nlb(NlbIds="nlb-1", Colour="red"), CATALOG),
        Verdict(namespace="", name="plain"),
        Verdict(namespace="", name=""),
    ]

    assert as_text(verdicts) == (
        "GameServerSet games/lobby: AlibabaCloud-NLB: mistakes\n"
        "  problem: PortProtocols is missing; write ports from 1 to 65535 such as 80/TCP,7777/UDP,"
        " each TCP or UDP, none twice\n"
        "  warning: Colour means nothing to AlibabaCloud-NLB\n"
        "GameServerSet plain: no network: in order\n"
        "GameServerSet without a name: no network: in order\n"
    )
