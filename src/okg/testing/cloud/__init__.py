"""Simulated clouds: what the controllers of vendors do, on any API server, a fake or a real one.

A ``Line`` is one thing that a vendor does about one kind of object, as pure functions; each vendor
is a tuple of lines. ``CloudReconciler`` carries them out, with whatever ``Troubles`` a test asks
for; ``CloudSimulator`` runs it on a real server, ``CloudReconciler.serve_all`` step by step.
"""

from okg.testing.cloud.line import Answer, AnyLine, Change, Cluster, Line
from okg.testing.cloud.reconciler import CloudReconciler, Troubles
from okg.testing.cloud.simulator import CloudSimulator
from okg.testing.cloud.vendors import (
    ALIBABACLOUD,
    AMAZONSWEBSERVICES,
    EVERY_LINE,
    HWCLOUD,
    JDCLOUD,
    KUBERNETES,
    TENCENTCLOUD,
    VOLCENGINE,
)

__all__ = [
    "ALIBABACLOUD",
    "AMAZONSWEBSERVICES",
    "EVERY_LINE",
    "HWCLOUD",
    "JDCLOUD",
    "KUBERNETES",
    "TENCENTCLOUD",
    "VOLCENGINE",
    "Answer",
    "AnyLine",
    "Change",
    "CloudReconciler",
    "CloudSimulator",
    "Cluster",
    "Line",
    "Troubles",
]
