"""Network parameters as an annotation of the pod template.

The text is part of the template: another byte would roll every pod of a set that OpenKruiseGame
made. So it is what Go's encoder writes, which escapes what HTML could misread.
"""

import json
from collections.abc import Sequence

from okg.api.game import NetworkConfParam

_GO_ESCAPES = str.maketrans(
    {char: f"\\u{ord(char):04x}" for char in ("<", ">", "&", "\u2028", "\u2029")}
)


def encode_network_conf(params: Sequence[NetworkConfParam] | None) -> str:
    """Return the annotation for a list of parameters; ``null`` where the user gave no list."""
    if params is None:
        return "null"
    items = [_item(param) for param in params]
    # The translated characters occur only inside strings, where the escape means the same.
    return json.dumps(items, ensure_ascii=False, separators=(",", ":")).translate(_GO_ESCAPES)


def _item(param: NetworkConfParam) -> dict[str, str]:
    return {key: text for key, text in (("name", param.name), ("value", param.value)) if text}
