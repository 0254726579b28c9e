"""admissionregistration.k8s.io/v1: which requests the API server asks which webhook about."""

from typing import ClassVar

from okg.api.meta import Value
from okg.api.resource import Object, ResourceType

GROUP = "admissionregistration.k8s.io"


class Rule(Value, frozen=True, kw_only=True):
    """Requests that a webhook is asked about; declared in full."""

    operations: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    api_versions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    scope: str = ""


class ServiceReference(Value, frozen=True, kw_only=True):
    """A Service and the path behind it."""

    namespace: str
    name: str
    path: str = ""
    port: int | None = None


class ClientConfig(Value, frozen=True, kw_only=True):
    """How the API server reaches a webhook.

    Attributes:
        service: where it is.
        url: where it is, if not behind a Service.
        ca_bundle: PEM certificates, base64, that its certificate is checked with.
    """

    service: ServiceReference | None = None
    url: str = ""
    ca_bundle: str = ""


class LabelRequirement(Value, frozen=True, kw_only=True):
    """One condition on labels."""

    key: str
    operator: str
    values: tuple[str, ...] = ()


class ObjectSelector(Value, frozen=True, kw_only=True):
    """Conditions on labels; the expressions."""

    match_expressions: tuple[LabelRequirement, ...] = ()


class MatchCondition(Value, frozen=True, kw_only=True):
    """A CEL expression that must be true for the webhook to be asked; from Kubernetes 1.28 on."""

    name: str
    expression: str


class Webhook(Value, frozen=True, kw_only=True):
    """One webhook of a configuration."""

    name: str
    client_config: ClientConfig = ClientConfig()
    rules: tuple[Rule, ...] = ()
    object_selector: ObjectSelector | None = None
    match_conditions: tuple[MatchCondition, ...] = ()
    failure_policy: str = ""
    side_effects: str = ""
    admission_review_versions: tuple[str, ...] = ()


class MutatingWebhookConfiguration(Object, frozen=True, kw_only=True):
    """Webhooks that may change what is written."""

    resource_type: ClassVar = ResourceType(
        GROUP,
        "v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations",
        namespaced=False,
    )
    webhooks: tuple[Webhook, ...] = ()


class ValidatingWebhookConfiguration(Object, frozen=True, kw_only=True):
    """Webhooks that may refuse what is written."""

    resource_type: ClassVar = ResourceType(
        GROUP,
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        namespaced=False,
    )
    webhooks: tuple[Webhook, ...] = ()
