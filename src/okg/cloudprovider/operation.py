"""Operation: what a plugin is asked about."""

from enum import StrEnum


class Operation(StrEnum):
    """What happens to a pod; the values are those of admission."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
