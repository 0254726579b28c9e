"""Creation of what may be there already: made by another replica, or not in the cache yet."""

from contextlib import suppress

from okg.api.resource import Object
from okg.client.client import Client
from okg.errors import AlreadyExists


def create_once(client: Client, obj: Object) -> None:
    """Create an object unless one of its name is there."""
    with suppress(AlreadyExists):
        client.create(obj)
