"""okg: a reconciler library for Kubernetes, and the game server controllers built on it.

The names that an embedder needs, loaded when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from okg.client.client import Client
    from okg.context import Context
    from okg.errors import TerminalError
    from okg.runtime.controller import Controller
    from okg.runtime.events import EventRecorder
    from okg.runtime.handlers import enqueue_mapped, enqueue_object, enqueue_owner
    from okg.runtime.manager import Manager, ManagerOptions
    from okg.runtime.predicates import generation_changed, has_label
    from okg.runtime.reconcile import Reconciler, Request, Result
    from okg.runtime.watch import Watch

__all__ = [
    "Client",
    "Context",
    "Controller",
    "EventRecorder",
    "Manager",
    "ManagerOptions",
    "Reconciler",
    "Request",
    "Result",
    "TerminalError",
    "Watch",
    "enqueue_mapped",
    "enqueue_object",
    "enqueue_owner",
    "generation_changed",
    "has_label",
]

_HOMES = {
    "Client": "okg.client.client",
    "Context": "okg.context",
    "Controller": "okg.runtime.controller",
    "EventRecorder": "okg.runtime.events",
    "Manager": "okg.runtime.manager",
    "ManagerOptions": "okg.runtime.manager",
    "Reconciler": "okg.runtime.reconcile",
    "Request": "okg.runtime.reconcile",
    "Result": "okg.runtime.reconcile",
    "TerminalError": "okg.errors",
    "Watch": "okg.runtime.watch",
    "enqueue_mapped": "okg.runtime.handlers",
    "enqueue_object": "okg.runtime.handlers",
    "enqueue_owner": "okg.runtime.handlers",
    "generation_changed": "okg.runtime.predicates",
    "has_label": "okg.runtime.predicates",
}


def __getattr__(name: str) -> object:
    """Import a public name from where it lives."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'okg' has no attribute {name!r}")
    return getattr(import_module(home), name)
