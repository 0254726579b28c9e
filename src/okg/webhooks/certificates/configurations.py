"""The two webhook configurations: what of them is ours, and how it is put right.

Ours is where the webhooks are, what their certificate is checked with and what they are asked
about: not the pods that we make ourselves. Everything else is the cluster's: a namespaceSelector,
a timeout, another failure policy, webhooks of somebody else in the same object.
"""

import base64
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from okg.api.admissionregistration import (
    ClientConfig,
    LabelRequirement,
    MatchCondition,
    MutatingWebhookConfiguration,
    ObjectSelector,
    Rule,
    ServiceReference,
    ValidatingWebhookConfiguration,
    Webhook,
)
from okg.api.game import GROUP, VERSION
from okg.api.meta import ObjectMeta
from okg.webhooks import gameserverset, pod
from okg.workload.names import OWNER_GSS, POD_WEBHOOK

MUTATING = "kruise-game-mutating-webhook"
VALIDATING = "kruise-game-validating-webhook"

CERT_MANAGER = "cert-manager.io/inject-ca-from"
"""Annotation that lets cert-manager write the caBundle; who makes certificates here is us."""

NOT_OURS = MatchCondition(
    name="not-made-by-the-manager",
    expression=(
        "[request.operation == 'DELETE' ? oldObject : object].all(pod,"
        " !has(pod.metadata.ownerReferences) || !pod.metadata.ownerReferences.exists(owner,"
        " has(owner.controller) && owner.controller && owner.kind == 'GameServerSet'"
        " && owner.apiVersion.startsWith('game.kruise.io/')))"
    ),
)
"""Pods that a set itself manages: what we do for them needs no webhook, so that they can be made,
changed and deleted with no manager up."""

_PORT = 443
"""The default, which the server writes into a reference without one."""

C = TypeVar("C", MutatingWebhookConfiguration, ValidatingWebhookConfiguration)


class Service(msgspec.Struct, frozen=True):
    """The Service in front of the webhooks."""

    namespace: str
    name: str

    @property
    def host(self) -> str:
        """The name that API servers expect in the certificate."""
        return f"{self.name}.{self.namespace}.svc"


def mutating_configuration(
    found: MutatingWebhookConfiguration | None, service: Service, bundle: str
) -> MutatingWebhookConfiguration:
    """Return the configuration for pods; the very same object if it is right already."""
    rules = Rule(
        operations=("CREATE", "UPDATE", "DELETE"),
        api_groups=("",),
        api_versions=("v1",),
        resources=("pods",),
        scope="*",
    )
    wanted = _webhook(POD_WEBHOOK, rules, service, pod.PATH, bundle)
    owned = LabelRequirement(key=OWNER_GSS, operator="Exists")
    wanted = replace(
        wanted,
        object_selector=ObjectSelector(match_expressions=(owned,)),
        match_conditions=(NOT_OURS,),
    )
    new = MutatingWebhookConfiguration(metadata=ObjectMeta(name=MUTATING))
    return _corrected(found or new, wanted)


def without_pods(
    found: MutatingWebhookConfiguration | None,
) -> MutatingWebhookConfiguration | None:
    """Return the configuration where nobody is to be asked about pods; nothing needs none."""
    if found is None or all(webhook.name != POD_WEBHOOK for webhook in found.webhooks):
        return found
    return replace(found, webhooks=tuple(w for w in found.webhooks if w.name != POD_WEBHOOK))


def validating_configuration(
    found: ValidatingWebhookConfiguration | None, service: Service, bundle: str
) -> ValidatingWebhookConfiguration:
    """Return the configuration for sets; the very same object if it is right already."""
    rules = Rule(
        operations=("CREATE", "UPDATE"),
        api_groups=(GROUP,),
        api_versions=(VERSION,),
        resources=("gameserversets",),
        scope="*",
    )
    wanted = _webhook("vgameserverset.kb.io", rules, service, gameserverset.PATH, bundle)
    new = ValidatingWebhookConfiguration(metadata=ObjectMeta(name=VALIDATING))
    return _corrected(found or new, wanted)


def _webhook(name: str, rule: Rule, service: Service, path: str, bundle: str) -> Webhook:
    reference = ServiceReference(
        namespace=service.namespace, name=service.name, path=path, port=_PORT
    )
    return Webhook(
        name=name,
        client_config=ClientConfig(
            service=reference, ca_bundle=base64.b64encode(bundle.encode()).decode()
        ),
        rules=(rule,),
        failure_policy="Fail",
        side_effects="None",
        admission_review_versions=("v1", "v1beta1"),
    )


def _corrected(configuration: C, wanted: Webhook) -> C:
    webhooks = _with(configuration.webhooks, wanted)
    meta = configuration.metadata
    kept = {key: text for key, text in meta.annotations.items() if key != CERT_MANAGER}
    if webhooks == configuration.webhooks and kept == meta.annotations:
        return configuration
    return replace(configuration, metadata=replace(meta, annotations=kept), webhooks=webhooks)


def _with(webhooks: tuple[Webhook, ...], wanted: Webhook) -> tuple[Webhook, ...]:
    if all(webhook.name != wanted.name for webhook in webhooks):
        return (*webhooks, wanted)
    return tuple(
        replace(
            webhook,
            client_config=wanted.client_config,
            rules=wanted.rules,
            match_conditions=_with_conditions(webhook.match_conditions, wanted.match_conditions),
        )
        if webhook.name == wanted.name
        else webhook
        for webhook in webhooks
    )


def _with_conditions(
    found: tuple[MatchCondition, ...], wanted: tuple[MatchCondition, ...]
) -> tuple[MatchCondition, ...]:
    names = {condition.name for condition in wanted}
    return (*(c for c in found if c.name not in names), *wanted)
