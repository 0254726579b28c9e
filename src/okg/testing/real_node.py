"""RealNode: a node that runs real containers, whoever made it."""

from pathlib import Path
from typing import Protocol

from okg.testing.cluster import Cluster
from okg.testing.images import Image


class RealNode(Protocol):
    """What tests need of it."""

    @property
    def cluster(self) -> Cluster:
        """The cluster that it is a node of."""
        ...

    @property
    def busybox(self) -> Path:
        """A statically linked busybox, to make images with."""
        ...

    def load(self, image: Image) -> None:
        """Make an image known to the node.

        Raises:
            StartFailed: it was refused.
        """
        ...
