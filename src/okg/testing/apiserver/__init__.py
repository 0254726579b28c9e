"""An API server in memory, for tests."""

from okg.testing.apiserver.faults import (
    CutWatch,
    Delay,
    LoseAnswer,
    Refuse,
    SilenceWatch,
    Unreachable,
)
from okg.testing.apiserver.kinds import Scale
from okg.testing.apiserver.server import FakeApiServer

__all__ = [
    "CutWatch",
    "Delay",
    "FakeApiServer",
    "LoseAnswer",
    "Refuse",
    "Scale",
    "SilenceWatch",
    "Unreachable",
]
