"""The webhook configurations: what is written, what is put right and what is left alone."""

import base64

from msgspec.structs import replace

from okg.api.admissionregistration import (
    ClientConfig,
    LabelRequirement,
    MatchCondition,
    ObjectSelector,
    Rule,
    ServiceReference,
    Webhook,
)
from okg.webhooks.certificates.configurations import (
    NOT_OURS,
    Service,
    mutating_configuration,
    validating_configuration,
    without_pods,
)

SERVICE = Service("games", "hook")
BUNDLE = base64.b64encode(b"ca").decode()
PODS = mutating_configuration(None, SERVICE, "ca")
SETS = validating_configuration(None, SERVICE, "ca")


def test_pods_of_game_servers_are_asked_about_and_no_others() -> None:
    assert PODS.metadata.name == "kruise-game-mutating-webhook"
    assert PODS.webhooks == (
        Webhook(
            name="mgameserverset.kb.io",
            client_config=ClientConfig(
                service=ServiceReference(
                    namespace="games", name="hook", path="/mutate-v1-pod", port=443
                ),
                ca_bundle=BUNDLE,
            ),
            rules=(
                Rule(
                    operations=("CREATE", "UPDATE", "DELETE"),
                    api_groups=("",),
                    api_versions=("v1",),
                    resources=("pods",),
                    scope="*",
                ),
            ),
            object_selector=ObjectSelector(
                match_expressions=(
                    LabelRequirement(key="game.kruise.io/owner-gss", operator="Exists"),
                )
            ),
            match_conditions=(NOT_OURS,),
            failure_policy="Fail",
            side_effects="None",
            admission_review_versions=("v1", "v1beta1"),
        ),
    )


def test_sets_are_asked_about_when_they_are_made_or_changed() -> None:
    [webhook] = SETS.webhooks

    assert SETS.metadata.name == "kruise-game-validating-webhook"
    assert webhook.name == "vgameserverset.kb.io"
    assert webhook.object_selector is None
    assert webhook.client_config.service is not None
    assert webhook.client_config.service.path == "/validate-v1alpha1-gss"
    assert webhook.rules == (
        Rule(
            operations=("CREATE", "UPDATE"),
            api_groups=("game.kruise.io",),
            api_versions=("v1alpha1",),
            resources=("gameserversets",),
            scope="*",
        ),
    )


def test_a_configuration_that_is_right_is_the_very_same_object() -> None:
    assert mutating_configuration(PODS, SERVICE, "ca") is PODS
    assert validating_configuration(SETS, SERVICE, "ca") is SETS


def test_a_broken_bundle_or_address_is_put_right() -> None:
    [webhook] = PODS.webhooks
    broken = replace(webhook, client_config=ClientConfig(url="https://nowhere", ca_bundle="x"))

    fixed = mutating_configuration(replace(PODS, webhooks=(broken,)), SERVICE, "ca")

    assert fixed == PODS


def test_what_is_the_clusters_own_is_left_alone() -> None:
    [webhook] = PODS.webhooks
    other = Webhook(name="somebody.else")
    edited = replace(webhook, failure_policy="Ignore", object_selector=None)
    found = replace(PODS, webhooks=(other, edited))

    assert mutating_configuration(found, SERVICE, "ca") is found
    changed = mutating_configuration(found, SERVICE, "another ca")
    assert changed.webhooks[0] is other
    assert changed.webhooks[1].failure_policy == "Ignore"


def test_pods_that_the_manager_makes_are_left_out_also_of_what_was_registered_before() -> None:
    [webhook] = PODS.webhooks
    theirs = MatchCondition(name="on-weekdays", expression="true")
    old = replace(webhook, match_conditions=(theirs,))
    edited = replace(webhook, match_conditions=(replace(NOT_OURS, expression="true"), theirs))

    fixed = mutating_configuration(replace(PODS, webhooks=(old,)), SERVICE, "ca")
    again = mutating_configuration(replace(PODS, webhooks=(edited,)), SERVICE, "ca")

    assert fixed.webhooks[0].match_conditions == (theirs, NOT_OURS)
    assert again.webhooks[0].match_conditions == (theirs, NOT_OURS)


def test_where_nobody_else_makes_pods_ours_is_taken_out_and_nothing_else() -> None:
    other = Webhook(name="somebody.else")

    taken_out = without_pods(replace(PODS, webhooks=(other, *PODS.webhooks)))

    assert taken_out == replace(PODS, webhooks=(other,))
    assert without_pods(taken_out) is taken_out
    assert without_pods(None) is None


def test_a_webhook_that_was_taken_out_is_added_again() -> None:
    other = Webhook(name="somebody.else")

    fixed = mutating_configuration(replace(PODS, webhooks=(other,)), SERVICE, "ca")

    assert fixed.webhooks == (other, *PODS.webhooks)


def test_cert_manager_is_no_longer_asked_to_write_another_bundle() -> None:
    annotations = {"cert-manager.io/inject-ca-from": "games/cert", "note": "kept"}
    found = replace(PODS, metadata=replace(PODS.metadata, annotations=annotations))

    fixed = mutating_configuration(found, SERVICE, "ca")

    assert fixed.metadata.annotations == {"note": "kept"}


def test_the_certificate_is_for_the_name_that_api_servers_check() -> None:
    assert SERVICE.host == "hook.games.svc"
