"""A game to play in real containers: it tells its version over HTTP and keeps a state in a file."""

from pathlib import Path

from okg.testing.images import Image, make_image

GAME_PORT = 80
"""Serves ``/version``, ``/state`` and, if the pod mounts a volume there, ``/podinfo/...``."""

STATE_FILE = "/var/game/state"
"""What the game is doing, ``idle`` at its start: for probes to read and for tests to write."""

PODINFO = "/etc/podinfo"
"""Where a pod mounts what the game shall know about it."""

_SCRIPT = f"""#!/bin/sh
# The first process of a container gets only the signals that it handles.
trap 'exit 0' TERM
mkdir -p /www {Path(STATE_FILE).parent}
echo idle >{STATE_FILE}
ln -s /etc/game-version /www/version
ln -s {STATE_FILE} /www/state
ln -s {PODINFO} /www/podinfo
httpd -f -p {GAME_PORT} -h /www &
wait
"""


def make_game(tag: str, *, busybox: Path, version: str | None = None) -> Image:
    """Return an image of the game.

    Args:
        tag: of the image.
        busybox: a statically linked busybox.
        version: what it answers; the tag if None. Two tags of one version are one image.
    """
    files = {"/bin/game": _SCRIPT, "/etc/game-version": f"{version or tag}\n"}
    return make_image("game", tag, files, ["game"], busybox=busybox)
