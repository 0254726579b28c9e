"""The dashboards in ``config/grafana``."""

from collections.abc import Mapping
from pathlib import Path

from controller_dashboard import CONTROLLER
from fleet_dashboard import FLEET
from grafana import render
from network_dashboard import NETWORK

FILES = {"fleet": FLEET, "controller": CONTROLLER, "network": NETWORK}


def render_dashboards(folder: Path) -> Mapping[Path, str]:
    """Return the dashboards by their file."""
    return {folder / f"{name}.json": render(page) for name, page in FILES.items()}
