"""KindNode: the node of a cluster of kind, where a container engine is there."""

import subprocess
import tempfile
from pathlib import Path

from okg.testing.binaries import cache_folder
from okg.testing.debian import find_container_programs
from okg.testing.existing import KindCluster
from okg.testing.images import Image
from okg.testing.processes import StartFailed


class KindNode:
    """The one node of a cluster that runs.

    Args:
        cluster: made by kind.
        busybox: a statically linked one.
    """

    def __init__(self, cluster: KindCluster, busybox: Path) -> None:
        self.cluster = cluster
        self.busybox = busybox

    def load(self, image: Image) -> None:
        """Make an image known to the node.

        Raises:
            StartFailed: kind refused it; carries its words.
        """
        with tempfile.NamedTemporaryFile(suffix=".tar") as archive:
            archive.write(image.archive)
            archive.flush()
            done = subprocess.run(
                ["kind", "load", "image-archive", archive.name, f"--name={self.cluster.name}"],
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        if done.returncode:
            raise StartFailed(f"loading {image.reference} failed:\n{done.stdout}")


def find_busybox() -> Path:
    """Return the busybox that images are made with.

    Raises:
        ConfigError: it cannot be had.
    """
    return find_container_programs(cache_folder()).busybox
