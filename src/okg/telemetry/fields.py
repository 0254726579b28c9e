"""Names of fields of records and spans that OpenKruiseGame's dashboards and queries know."""

EVENT = "game.kruise.io.event"
"""What happened to the process, in words with dots, such as ``service.start``."""

TRACE_ID = "trace_id"
SPAN_ID = "span_id"
"""On records that are written within a span: 32 and 16 hexadecimal digits."""

COLLECTOR = "observability.collector"
EXCEPTION_MESSAGE = "exception.message"
ERROR_TYPE = "error.type"
"""Kind of failure, of which there are few; texts go to ``exception.message``."""

K8S_NAMESPACE = "k8s.namespace.name"
K8S_NODE = "k8s.node.name"
CLOUD_PROVIDER = "cloud.provider"
LINK_REASON = "link.reason"

OBJECT_KEY = "game.kruise.io.object.key"
"""``namespace/name`` of what a network plugin wrote; a word of our own."""

COMPONENT = "game.kruise.io.component"
SET_NAME = "game.kruise.io.game_server_set.name"
SET_NAMESPACE = "game.kruise.io.game_server_set.namespace"
SERVER_NAME = "game.kruise.io.game_server.name"
SERVER_NAMESPACE = "game.kruise.io.game_server.namespace"
RESOURCE_VERSION = "game.kruise.io.game_server.resource_version"

WEBHOOK_HANDLER = "game.kruise.io.webhook.handler"
ADMISSION_UID = "game.kruise.io.admission.request.uid"
ADMISSION_OPERATION = "game.kruise.io.admission.operation"

PLUGIN_NAME = "game.kruise.io.network.plugin.name"
PLUGIN_ALIAS = "game.kruise.io.plugin.alias"
PLUGIN_OPERATION = "game.kruise.io.plugin.operation"
PLUGIN_AVAILABLE = "game.kruise.io.plugin.available"
PLUGIN_TIMEOUT = "game.kruise.io.plugin.timeout"

NETWORK_STATUS = "game.kruise.io.network.status"
NETWORK_DESIRED = "game.kruise.io.network.desired"
NETWORK_CURRENT = "game.kruise.io.network.current"

TRIGGER = "game.kruise.io.reconcile.trigger"
ACTION = "game.kruise.io.reconcile.action"
REQUEUE = "game.kruise.io.reconcile.requeue"
MARKER_SYNCED = "game.kruise.io.pod_probe_marker.synced"
PODS_COUNT = "game.kruise.io.pods.count"
REPLICAS_OLD = "game.kruise.io.replicas.old"
REPLICAS_NEW = "game.kruise.io.replicas.new"
LABEL_COUNT = "game.kruise.io.pod.label_count"
ANNOTATION_COUNT = "game.kruise.io.pod.annotation_count"
