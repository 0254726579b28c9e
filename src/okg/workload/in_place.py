"""In place: which changes of a template OpenKruise can make without a new pod.

Images of containers and anything in the metadata, nothing else. Resizing in place is behind a
feature gate of OpenKruise that is off by default and therefore counts as a new pod here.
"""

from okg.api.meta import Opaque
from okg.workload.changes import Change, Json, as_json, changes_of, shown_path

_IMAGE_DEPTH = 4
"""Length of the path spec, containers, index, image."""


def template_changes(before: Opaque, after: Opaque) -> tuple[Change, ...]:
    """Return where two pod templates differ; none if a pod of the first is one of the second."""
    found = changes_of(_read(before), _read(after))
    return tuple(change for change in found if change.path[-1] != "$patch")


def obstacle(changes: tuple[Change, ...]) -> str:
    """Return the first path that only a new pod can bring, empty if all can be done in place."""
    return next((shown_path(c.path) for c in changes if not _is_in_place(c)), "")


def _read(template: Opaque) -> Json:
    return as_json(template) if bytes(template) else {}


def _is_in_place(change: Change) -> bool:
    path = change.path
    if path[0] == "metadata":
        return True
    is_image = len(path) == _IMAGE_DEPTH and path[:2] == ("spec", "containers")
    replaced = change.before is not None and change.after is not None
    return is_image and path[3] == "image" and replaced
