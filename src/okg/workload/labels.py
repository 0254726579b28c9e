"""What the API server accepts as label keys and values, and as names."""

import re

MAX_LENGTH = 63
"""Longest label value, and longest name part of a key (apimachinery, ``validation``)."""

MAX_PREFIX_LENGTH = 253

_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", re.ASCII)
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", re.ASCII)


def is_label_value(text: str) -> bool:
    """Whether a text can be the value of a label; the empty one can."""
    return len(text) <= MAX_LENGTH and _VALUE.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether a text can be the key of a label: ``name`` or ``prefix/name``."""
    prefix, slash, name = text.rpartition("/")
    if slash and not (len(prefix) <= MAX_PREFIX_LENGTH and _PREFIX.fullmatch(prefix)):
        return False
    return bool(name) and is_label_value(name)


def is_annotation_key(text: str) -> bool:
    """Whether a text can be the key of an annotation: as of a label, in any case."""
    return is_key(text.lower())


def is_dns_label(text: str) -> bool:
    """Whether a text can name a container, a volume or a host (RFC 1123, without dots)."""
    return len(text) <= MAX_LENGTH and _DNS_LABEL.fullmatch(text) is not None
