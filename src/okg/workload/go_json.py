"""JSON as Go's encoder writes it: texts that Go programs compare or hash need the very bytes.

Fields come in their declared order, keys of maps are sorted, and what HTML could misread is
escaped.
"""

import msgspec

_ESCAPES = str.maketrans(
    {char: f"\\u{ord(char):04x}" for char in ("<", ">", "&", "\u2028", "\u2029")}
)


def encode_as_go(value: object) -> str:
    """Return the compact JSON of a value."""
    # The translated characters occur only inside strings, where the escape means the same.
    return msgspec.json.encode(value, order="deterministic").decode().translate(_ESCAPES)
