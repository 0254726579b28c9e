"""How a node is reached from outside."""

from collections.abc import Sequence
from ipaddress import ip_address

from okg.api.core import Node, NodeAddress

_BY_PREFERENCE = (("ExternalIP", "ExternalDNS"), ("InternalIP", "InternalDNS"))
"""Kinds of addresses: of each pair the name is preferred to the number."""


def address_of(node: Node) -> str:
    """Return the address of a node: an external one if it has any; empty if it has none at all."""
    for number, name in _BY_PREFERENCE:
        numbers = [a for a in _of(node, number) if _is_valid(a)]
        found = _of(node, name)[-1:] or numbers[-1:]
        if found:
            return found[0]
    return ""


def _of(node: Node, kind: str) -> Sequence[str]:
    addresses: tuple[NodeAddress, ...] = node.status.addresses
    return [it.address for it in addresses if it.type == kind and it.address]


def _is_valid(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
