"""What a set and its service may be called: pods, their host names and labels are made of it."""

from collections.abc import Iterator

from okg.api.game import GameServerSet
from okg.workload.invalid import InvalidField, shown
from okg.workload.labels import is_dns_label
from okg.workload.template_rules import DNS_LABEL

MAX_NAME_LENGTH = 52
"""Longest name of a set: a dash and a hash of ten digits follow it in a label of its pods."""


def name_problems(gss: GameServerSet) -> Iterator[InvalidField]:
    """Yield why the workload or its pods could not be made under these names."""
    name, service = gss.metadata.name, gss.spec.service_name if gss.spec else ""
    if len(name) > MAX_NAME_LENGTH:
        yield InvalidField(
            "metadata.name",
            f"has {len(name)} characters; write at most {MAX_NAME_LENGTH}, or pods cannot be made",
        )
    elif name and not is_dns_label(name):
        yield InvalidField("metadata.name", f'"{name}" cannot be part of a host name; {DNS_LABEL}')
    if service and not is_dns_label(service):
        yield InvalidField(
            "spec.serviceName", f'"{shown(service)}" cannot be part of a host name; {DNS_LABEL}'
        )
