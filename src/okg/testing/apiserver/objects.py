"""Objects: create and update, with the rules that every kind obeys.

Updates are read, worked out and committed without holding a lock over the working out; whoever is
overtaken meanwhile does it again from what is there then.
"""

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import TypeAlias

from okg.clock import Clock
from okg.errors import StatusCause
from okg.testing.apiserver import pods
from okg.testing.apiserver.kinds import Kind, Mutator, Validator
from okg.testing.apiserver.metadata import (
    check_identity,
    check_versions,
    new_metadata,
    updated_metadata,
)
from okg.testing.apiserver.refusals import already_exists, forbidden, invalid, not_found
from okg.testing.apiserver.storage import Raced, Record, Storage, key_of, record_of
from okg.testing.apiserver.trees import Tree, branch, find, items, text, with_part, with_value

Draft: TypeAlias = Callable[[Record], Tree]
"""Works out what a writer wants an object to be."""


class Objects:
    """Writes objects into the storage. Safe for use from many threads.

    Args:
        storage: where they are kept.
        clock: stamps them.
        namespaces: the kind of namespaces.
    """

    def __init__(self, storage: Storage, clock: Clock, namespaces: Kind) -> None:
        self._storage = storage
        self._clock = clock
        self._namespaces = namespaces
        self._lock = threading.Lock()
        self._validators: dict[Kind, tuple[Validator, ...]] = {}
        self._mutators: dict[Kind, tuple[Mutator, ...]] = {}

    def add_validator(self, kind: Kind, validator: Validator) -> None:
        """Ask a function what is wrong with each object that is about to be stored."""
        with self._lock:
            self._validators[kind] = (*self._validators.get(kind, ()), validator)

    def add_mutator(self, kind: Kind, mutator: Mutator) -> None:
        """Pass each new object through a function first."""
        with self._lock:
            self._mutators[kind] = (*self._mutators.get(kind, ()), mutator)

    def get(self, kind: Kind, key: str) -> Record:
        """Return an object.

        Raises:
            Refusal: 404.
        """
        record = self._storage.read(kind, key)
        if record is None:
            raise not_found(kind.resource, key.rpartition("/")[2])
        return record

    def create(self, kind: Kind, namespace: str, sent: Tree) -> Record:
        """Store a new object.

        Raises:
            Refusal: 400, 403, 404, 409, 422.
        """
        if kind.resource.namespaced:
            self._check_namespace(kind, namespace, text(sent, "metadata", "name"))
        for mutate in self._mutators.get(kind, ()):
            sent = mutate(sent)
        metadata = new_metadata(kind, branch(sent, "metadata"), namespace, self._clock.now())
        tree = _first_state(kind, {**sent, "metadata": metadata})
        name = text(metadata, "name")
        self._validate(kind, name, tree, (c for check in kind.creation_checks for c in check(tree)))
        try:
            return self._storage.commit(kind, None, tree, key_of(text(metadata, "namespace"), name))
        except Raced:
            raise already_exists(kind.resource, name) from None

    def update(
        self, kind: Kind, key: str, draft: Draft, *, status: bool = False, patch: bool = True
    ) -> Record:
        """Change an object; a change that changes nothing stores nothing.

        Args:
            kind: of which kind.
            key: which one.
            draft: works out the object that the writer wants; called again after a lost race.
            status: whether this is the status subresource.
            patch: whether this is a PATCH, not a PUT; they refuse some things differently.

        Raises:
            Refusal: 400, 404, 409, 422.
        """
        while True:
            before = self.get(kind, key)
            next_state = _next_status if status else _next_state
            tree = next_state(kind, before, draft(before), patch=patch)
            try:
                return self._replace(kind, key, before, tree)
            except Raced:
                continue

    def rewrite(self, kind: Kind, key: str, draft: Draft) -> Record:
        """Change an object as the server's own parts do: nothing is checked.

        Raises:
            Refusal: 404, and what ``draft`` raises.
        """
        while True:
            before = self.get(kind, key)
            with contextlib.suppress(Raced):
                return self._storage.commit(kind, before, draft(before), key)

    def _replace(self, kind: Kind, key: str, before: Record, tree: Tree) -> Record:
        """Put a tree in an object's place; one that nothing keeps from deletion goes.

        Raises:
            Raced: the object changed meanwhile.
            Refusal: 422.
        """
        if tree == before.tree:
            return before
        causes = pods.update_causes(before.tree, tree) if kind.is_pod else ()
        self._validate(kind, text(tree, "metadata", "name"), tree, causes)
        if not _may_go(kind, tree):
            return self._storage.commit(kind, before, tree, key)
        self._storage.commit(kind, before, None, key)
        # The writer sees what it wrote, at the revision it was based on.
        return record_of(key, tree, before.revision)

    def _validate(self, kind: Kind, name: str, tree: Tree, causes: Iterable[StatusCause]) -> None:
        found = list(causes)
        for validator in self._validators.get(kind, ()):
            found.extend(validator(tree))
        if found:
            raise invalid(kind.resource, name, *found)

    def _check_namespace(self, kind: Kind, namespace: str, name: str) -> None:
        record = self._storage.read(self._namespaces, namespace)
        if record is None:
            raise not_found(self._namespaces.resource, namespace)
        if "deletionTimestamp" in record.metadata:
            why = f"namespace {namespace} is being terminated"
            cause = StatusCause(
                field="metadata.namespace", message=why, reason="NamespaceTerminating"
            )
            raise forbidden(kind.resource, name, why, cause)


def _first_state(kind: Kind, tree: Tree) -> Tree:
    if kind.status and kind.first_status is not None:
        tree = with_value(tree, ("status",), dict(kind.first_status) or None)
    if kind.is_namespace:
        tree = with_value(tree, ("spec", "finalizers"), ["kubernetes"])
    return pods.with_defaults(tree) if kind.is_pod else tree


def _next_state(kind: Kind, before: Record, wanted: Tree, *, patch: bool) -> Tree:
    """Return the object after a write to it, its status left as it was where that is apart."""
    metadata = updated_metadata(kind, before, branch(wanted, "metadata"), patch=patch)
    tree: Tree = {**wanted, "metadata": metadata}
    if kind.status:
        tree = with_part(tree, "status", before.tree)
    if kind.generation and _content(kind, tree) != _content(kind, before.tree):
        generation = find(before.tree, "metadata", "generation")
        metadata["generation"] = generation + 1 if isinstance(generation, int) else 1
    return tree


def _next_status(kind: Kind, before: Record, wanted: Tree, *, patch: bool) -> Tree:
    """Return the object after a write to its status subresource.

    Custom resources take nothing but the status from it, and so ignore even another uid in a
    patch. Built-in kinds take the metadata too.
    """
    sent = branch(wanted, "metadata")
    if not kind.native:
        check_identity(before.metadata, sent)
        guards: Tree = {key: sent[key] for key in sent if key != "uid" or not patch}
        check_versions(kind, before, guards, patch=patch)
        return with_part(before.tree, "status", wanted)
    metadata = updated_metadata(kind, before, sent, patch=patch)
    tree = with_part({**before.tree, "metadata": metadata}, "status", wanted)
    if not kind.is_pod:
        return tree
    tree["metadata"] = with_part(metadata, "ownerReferences", before.metadata)
    quality = find(before.tree, "status", "qosClass")
    return with_value(tree, ("status", "qosClass"), quality)


def _content(kind: Kind, tree: Tree) -> Tree:
    """Return what the generation counts changes of."""
    apart = {"metadata", "status"} if kind.status else {"metadata"}
    return {key: value for key, value in tree.items() if key not in apart}


def _may_go(kind: Kind, tree: Tree) -> bool:
    """Whether an object is being deleted and nothing holds it any longer."""
    metadata = branch(tree, "metadata")
    return (
        "deletionTimestamp" in metadata
        and not metadata.get("finalizers")
        and not metadata.get("deletionGracePeriodSeconds")
        and not (kind.is_namespace and items(tree, "spec", "finalizers"))
    )
