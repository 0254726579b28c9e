"""The conformance suite against a real API server."""

import pytest

from conformance.suite import *  # noqa: F403

pytestmark = pytest.mark.integration
