"""InvalidField: a value of the user's that cannot be acted on."""

from okg.errors import OkgError


class InvalidField(OkgError):
    """A field of somebody's object makes no sense; the message says what to write instead.

    Attributes:
        field: path of the field, e.g. ``spec.reserveGameServerIds[2]``.
        problem: what is wrong with it.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
