"""Network parameters as an annotation of the pod template.

The text is part of the template: another byte would roll every pod of a set that OpenKruiseGame
made. So it is what Go's encoder writes, which escapes what HTML could misread.
"""

from collections.abc import Sequence

from okg.api.game import NetworkConfParam
from okg.workload.go_json import encode_as_go


def encode_network_conf(params: Sequence[NetworkConfParam] | None) -> str:
    """Return the annotation for a list of parameters; ``null`` where the user gave no list."""
    if params is None:
        return "null"
    return encode_as_go([_item(param) for param in params])


def _item(param: NetworkConfParam) -> dict[str, str]:
    return {key: text for key, text in (("name", param.name), ("value", param.value)) if text}
