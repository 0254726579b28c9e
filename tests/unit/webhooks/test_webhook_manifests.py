"""The manifests agree with what the manager does by itself."""

from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec.structs import replace

from okg.api.admissionregistration import (
    ClientConfig,
    MutatingWebhookConfiguration,
    ValidatingWebhookConfiguration,
    Webhook,
)
from okg.cmd.options import DEFAULT_PROVIDER_CONFIG, parse
from okg.webhooks.certificates.configurations import (
    Service,
    mutating_configuration,
    validating_configuration,
)
from okg.webhooks.certificates.keeper import secret_name

CONFIG = Path(__file__).resolve().parents[3] / "config"
PREFIX = "kruise-game-"
FLAGS = parse([])
SERVICE = Service(FLAGS.webhook_service_namespace, FLAGS.webhook_service_name)


def _load(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((CONFIG / name).read_text()))


def test_the_service_has_the_name_that_the_certificate_is_for() -> None:
    [service] = [s for s in _load("manager/services.yaml") if "webhook" in s["metadata"]["name"]]
    [deployment] = _load("manager/deployment.yaml")
    kustomization = yaml.safe_load((CONFIG / "default/kustomization.yaml").read_text())

    [_, webhooks] = deployment["spec"]["template"]["spec"]["containers"]
    ports = webhooks["ports"]
    [port] = [p for p in ports if p["name"] == service["spec"]["ports"][0]["targetPort"]]

    assert kustomization["namePrefix"] == PREFIX
    assert PREFIX + service["metadata"]["name"] == FLAGS.webhook_service_name
    assert kustomization["namespace"] == FLAGS.webhook_service_namespace
    assert service["spec"]["ports"][0]["port"] == 443
    assert port["containerPort"] == FLAGS.webhook_port


def test_the_manager_may_read_and_write_its_secret_and_no_other() -> None:
    [role] = _load("rbac/webhook-certificates-role.yaml")

    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
        {
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [secret_name(SERVICE)],
            "verbs": ["get", "patch"],
        },
    ]


def test_the_certificate_is_written_where_the_manager_looks_for_it() -> None:
    [deployment] = _load("manager/deployment.yaml")
    pod = deployment["spec"]["template"]["spec"]
    [_, webhooks] = pod["containers"]
    [_, mount] = webhooks["volumeMounts"]

    assert Path(mount["mountPath"]) == Path(FLAGS.webhook_server_certs_dir)
    assert {"name": mount["name"], "emptyDir": {"medium": "Memory"}} in pod["volumes"]


def test_all_containers_are_told_the_same_provider_options() -> None:
    [deployment] = _load("manager/deployment.yaml")
    pod = deployment["spec"]["template"]["spec"]
    [kustomization] = _load("manager/kustomization.yaml")
    [generated] = kustomization["configMapGenerator"]
    [options, _] = pod["volumes"]

    mounts = [container["volumeMounts"][0] for container in pod["containers"]]

    folder, file = DEFAULT_PROVIDER_CONFIG.parent, DEFAULT_PROVIDER_CONFIG.name
    assert mounts == [{"name": "options", "mountPath": str(folder)}] * 2
    assert options == {"name": "options", "configMap": {"name": generated["name"]}}
    assert generated["files"] == [file]


def _bare(webhooks: tuple[Webhook, ...]) -> Webhook:
    """Return the one webhook without what the server or cert-manager fills in."""
    [webhook] = webhooks
    reference = webhook.client_config.service
    assert reference is not None
    return replace(
        webhook,
        client_config=ClientConfig(service=replace(reference, port=None)),
        rules=tuple(replace(rule, scope="") for rule in webhook.rules),
    )


def test_with_cert_manager_the_same_webhooks_are_registered() -> None:
    pods, sets = _load("components/cert-manager/webhooks.yaml")
    own_pods = mutating_configuration(None, SERVICE, "")
    own_sets = validating_configuration(None, SERVICE, "")

    written_pods = msgspec.convert(pods, MutatingWebhookConfiguration)
    written_sets = msgspec.convert(sets, ValidatingWebhookConfiguration)

    assert _bare(written_pods.webhooks) == _bare(own_pods.webhooks)
    assert _bare(written_sets.webhooks) == _bare(own_sets.webhooks)
    assert written_pods.metadata.name == own_pods.metadata.name
    assert written_sets.metadata.name == own_sets.metadata.name


def test_with_cert_manager_a_renewal_leaves_the_authority_that_is_trusted() -> None:
    root, authority, issuer, serving = _load("components/cert-manager/certificate.yaml")
    [deployment] = _load("components/cert-manager/deployment.yaml")
    name = f"{serving['metadata']['namespace']}/{authority['metadata']['name']}"
    trusted = {
        hooks["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
        for hooks in _load("components/cert-manager/webhooks.yaml")
    }

    assert authority["spec"]["isCA"] is True
    assert authority["spec"]["issuerRef"]["name"] == root["metadata"]["name"]
    assert authority["spec"]["privateKey"]["rotationPolicy"] == "Never"
    assert issuer["spec"]["ca"]["secretName"] == authority["spec"]["secretName"]
    assert serving["spec"]["issuerRef"]["name"] == issuer["metadata"]["name"]
    assert SERVICE.host in serving["spec"]["dnsNames"]
    assert trusted == {name}
    [volume] = deployment["spec"]["template"]["spec"]["volumes"]
    assert volume["secret"]["secretName"] == serving["spec"]["secretName"]
