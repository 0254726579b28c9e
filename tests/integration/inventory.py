"""Everything that an API server has, as lines that two moments can be compared by."""

from collections.abc import Iterator
from typing import cast

from okg.testing.rest import RestClient

PASSING = ("events", "events.events.k8s.io")
"""Resources that come and go by themselves."""


def inventory(rest: RestClient) -> set[str]:
    """Return ``resource.group namespace/name`` of every object, but for those that pass."""
    return {
        f"{resource} {_named(item)}"
        for resource, path in _listable(rest)
        if resource not in PASSING
        for item in _dicts(rest.get(path)["items"])
    }


def _listable(rest: RestClient) -> Iterator[tuple[str, str]]:
    """Yield the name of each resource that can be listed, with the path of its list."""
    groups = _dicts(rest.get("/apis")["groups"])
    versions = [
        "v1",
        *(cast("dict[str, str]", g["preferredVersion"])["groupVersion"] for g in groups),
    ]
    for version in versions:
        path = f"/apis/{version}" if "/" in version else f"/api/{version}"
        group = version.partition("/")[0] if "/" in version else ""
        for resource in _dicts(rest.get(path)["resources"]):
            if "list" in cast("list[str]", resource["verbs"]):
                name = f"{resource['name']}.{group}" if group else str(resource["name"])
                yield name, f"{path}/{resource['name']}"


def _named(item: dict[str, object]) -> str:
    metadata = cast("dict[str, str]", item["metadata"])
    return f"{metadata.get('namespace', '')}/{metadata['name']}"


def _dicts(items: object) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", items)
