"""Dashboards for Grafana, from short declarations of their panels."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

COLUMNS = 24
"""Width of a dashboard, in Grafana's units."""

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

Json = dict[str, object]


@dataclass(frozen=True)
class Panel:
    """One picture.

    Attributes:
        title: above it.
        queries: legend → expression of PromQL.
        help: what it means, and what to do about it.
        unit: of all values, by Grafana's name.
        kind: ``timeseries``, ``stat`` or ``bargauge``.
        stacked: whether values add up; of a time series.
        top: end of the scale; None for that of the values.
        width: in columns.
        height: in Grafana's units.
    """

    title: str
    queries: Mapping[str, str]
    help: str = ""
    unit: str = "short"
    kind: str = "timeseries"
    stacked: bool = False
    top: float | None = None
    width: int = 8
    height: int = 8


def stat(title: str, query: str, unit: str = "short", *, help: str = "") -> Panel:  # noqa: A002
    """Return a panel with one number, six of which make a line."""
    return Panel(title, {"": query}, help, unit, "stat", width=4, height=4)


@dataclass(frozen=True)
class Row:
    """Panels under one title."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Variable:
    """What a reader chooses among the values of a label.

    Attributes:
        name: in expressions, after a dollar sign.
        label: above the choice.
        values: an expression of Grafana's, ``label_values(metric, label)``.
        several: whether any number can be chosen, all of them at first.
    """

    name: str
    label: str
    values: str
    several: bool = True


@dataclass(frozen=True)
class Dashboard:
    """A page.

    Attributes:
        uid: names it in links.
        title: of the page.
        about: what it shows.
        variables: what readers choose.
        rows: from top to bottom.
    """

    uid: str
    title: str
    about: str
    variables: Sequence[Variable]
    rows: Sequence[Row]


def render(dashboard: Dashboard) -> str:
    """Return what Grafana imports."""
    page = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["okg"],
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "",
        "annotations": {"list": []},
        "links": [_links()],
        "templating": {"list": [_data_source(), *map(_variable, dashboard.variables)]},
        "panels": list(_panels(dashboard.rows)),
    }
    return json.dumps(page, indent=1) + "\n"


def _links() -> Json:
    """Return a menu of the other dashboards."""
    return {"type": "dashboards", "title": "okg", "tags": ["okg"], "asDropdown": True}


def _data_source() -> Json:
    return {
        "name": "datasource",
        "label": "data source",
        "type": "datasource",
        "query": "prometheus",
    }


def _variable(variable: Variable) -> Json:
    rendered: Json = {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _SOURCE,
        "definition": variable.values,
        "query": {"query": variable.values, "refId": "variable"},
        "refresh": 2,
        "sort": 1,
    }
    if variable.several:
        everything = {"selected": True, "text": ["All"], "value": ["$__all"]}
        rendered |= {"multi": True, "includeAll": True, "allValue": ".*", "current": everything}
    return rendered


def _panels(rows: Iterable[Row]) -> Iterator[Json]:
    number, top = 0, 0
    for row in rows:
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
            "panels": [],
        }
        left, top, tallest = 0, top + 1, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            number += 1
            yield _panel(panel, number, left, top)
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _panel(panel: Panel, number: int, left: int, top: int) -> Json:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": _SOURCE,
        "gridPos": {"x": left, "y": top, "w": panel.width, "h": panel.height},
        "targets": [
            _target(panel, position, legend, query)
            for position, (legend, query) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
    }


def _target(panel: Panel, position: int, legend: str, query: str) -> Json:
    moment = panel.kind != "timeseries"
    return {
        "refId": chr(ord("A") + position),
        "datasource": _SOURCE,
        "expr": query,
        "legendFormat": legend,
        "instant": moment,
        "range": not moment,
    }


def _field(panel: Panel) -> Json:
    field: Json = {"unit": panel.unit, "min": 0}
    if panel.top is not None:
        field["max"] = panel.top
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        field["custom"] = {"fillOpacity": 30 if panel.stacked else 0, "stacking": stacking}
    return field


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: Mapping[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"reduceOptions": _LAST, "colorMode": "none", "graphMode": "area"},
    "bargauge": {"reduceOptions": _LAST, "orientation": "horizontal", "displayMode": "basic"},
}
