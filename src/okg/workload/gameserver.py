"""The game server of a pod: how it is made, and what of its metadata follows set and pod."""

from collections.abc import Mapping

from msgspec.structs import replace

from okg.api.core import Pod
from okg.api.game import GameServer, GameServerSet, GameServerSpec
from okg.api.meta import ObjectMeta
from okg.workload.labels import is_label_value
from okg.workload.names import METADATA_HASH, NODE_NAME, OWNER_GSS, RECLAIM_CASCADE
from okg.workload.notices import Notice
from okg.workload.ownership import controlled_by
from okg.workload.pod_sync import INVALID_LABEL_VALUE
from okg.workload.scaling import spec_of
from okg.workload.template import TemplateMetadata

DEFAULT_SPEC = GameServerSpec(
    ops_state="None", update_priority=0, deletion_priority=0, network_disabled=False
)


def build_game_server(
    pod: Pod, gss: GameServerSet, template: TemplateMetadata | None
) -> GameServer:
    """Return the server of a pod that has none.

    All that is known goes into the first write, so that none follows for it.

    Args:
        pod: the pod.
        gss: its set.
        template: metadata of the set's template; None if it makes no sense.
    """
    owner = pod if _dies_with_its_pod(gss) else gss
    blank = GameServer(
        metadata=ObjectMeta(
            name=pod.metadata.name,
            namespace=gss.metadata.namespace,
            owner_references=(controlled_by(owner),),
        ),
        spec=DEFAULT_SPEC,
    )
    return _labelled(sync_game_server(blank, pod, template), labels={OWNER_GSS: gss.metadata.name})


def sync_game_server(server: GameServer, pod: Pod, template: TemplateMetadata | None) -> GameServer:
    """Return the server with the template's metadata, once per change of it, and the pod's node.

    The template adds and overwrites; it never takes away. The very same object comes back if
    nothing changes.

    Args:
        server: as it is.
        pod: its pod.
        template: metadata of the set's template; None if it makes no sense.
    """
    labels = _node_label(pod)
    if template is None or server.metadata.annotations.get(METADATA_HASH) == template.hash:
        return _labelled(server, labels=labels)
    # Whose server it is, no template says.
    followed = {key: value for key, value in template.labels.items() if key != OWNER_GSS}
    return _labelled(
        server,
        labels={**followed, **labels},
        annotations={**template.annotations, METADATA_HASH: template.hash},
    )


def complaints_about_node(pod: Pod) -> tuple[Notice, ...]:
    """Return what keeps the server from carrying the name of the pod's node."""
    node = pod.spec.node_name
    if is_label_value(node):
        return ()
    message = f'the node name "{node}" is too long for label {NODE_NAME}, which is left out'
    return (Notice(reason=INVALID_LABEL_VALUE, message=message, warning=True),)


def _dies_with_its_pod(gss: GameServerSet) -> bool:
    return spec_of(gss).game_server_template.reclaim_policy in {"", RECLAIM_CASCADE}


def _node_label(pod: Pod) -> dict[str, str]:
    node = pod.spec.node_name
    return {NODE_NAME: node} if node and is_label_value(node) else {}


def _labelled(
    server: GameServer,
    *,
    labels: Mapping[str, str],
    annotations: Mapping[str, str] | None = None,
) -> GameServer:
    meta = server.metadata
    new_labels = {**meta.labels, **labels}
    new_annotations = {**meta.annotations, **(annotations or {})}
    if (new_labels, new_annotations) == (meta.labels, meta.annotations):
        return server
    return replace(server, metadata=replace(meta, labels=new_labels, annotations=new_annotations))
