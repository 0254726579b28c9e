"""All conformance tests under one name.

A test tree that provides the fixture ``api`` runs them by importing everything from here: the fake
server among the unit tests, a real one among the integration tests.
"""

from conformance.creating import *  # noqa: F403
from conformance.deleting import *  # noqa: F403
from conformance.patching import *  # noqa: F403
from conformance.pod_life import *  # noqa: F403
from conformance.reading import *  # noqa: F403
from conformance.strategic_patching import *  # noqa: F403
from conformance.subresources import *  # noqa: F403
from conformance.updating import *  # noqa: F403
from conformance.watching import *  # noqa: F403
