"""Quantities of resources: the same amount can be written in many ways, ``1`` and ``1000m``."""

import re
from decimal import Decimal

from okg.api.meta import IntOrString

_QUANTITY = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?", re.ASCII
)
_SUFFIXES = {
    **{suffix: Decimal(10) ** (3 * power) for power, suffix in enumerate("num", -3)},
    **{suffix: Decimal(10) ** (3 * power) for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
"""resource.Quantity of apimachinery."""


def same_quantity(one: IntOrString | None, other: IntOrString | None) -> bool:
    """Whether two quantities are the same amount; what is no quantity equals only itself."""
    if one == other:
        return True
    amounts = _amount(one), _amount(other)
    return None not in amounts and amounts[0] == amounts[1]


def _amount(quantity: IntOrString | None) -> Decimal | None:
    found = _QUANTITY.fullmatch(str(quantity))
    if found is None:
        return None
    number, suffix, exponent = found.groups()
    scale = _SUFFIXES[suffix] if suffix else Decimal(10) ** int(exponent or 0)
    return Decimal(number) * scale
