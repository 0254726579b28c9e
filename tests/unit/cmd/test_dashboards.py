"""The dashboards as Grafana imports them."""

import pytest
import yaml

from prometheus_manifests import CONFIG, DASHBOARDS, dashboard, panels

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def overlaps(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether two places on the grid have a cell in common."""
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_has_what_grafana_needs(name: str) -> None:
    page = dashboard(name)

    assert page["uid"] == f"okg-{name}"
    assert page["schemaVersion"] == 39
    assert page["title"].startswith("okg: ")
    assert page["tags"] == ["okg"]
    assert "id" not in page


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_panel_asks_the_data_source_that_the_reader_chose(name: str) -> None:
    first = dashboard(name)["templating"]["list"][0]
    targets = [target for panel in panels(name) for target in panel["targets"]]

    assert (first["name"], first["type"], first["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    assert [p["title"] for p in panels(name) if p["datasource"] != SOURCE] == []
    assert [t["expr"] for t in targets if t["datasource"] != SOURCE] == []


@pytest.mark.parametrize("name", DASHBOARDS)
def test_expressions_have_no_variables_but_those_of_the_dashboard(name: str) -> None:
    variables = {each["name"] for each in dashboard(name)["templating"]["list"]}
    text = "".join(target["expr"] for panel in panels(name) for target in panel["targets"])

    for known in variables | {"__rate_interval"}:
        text = text.replace(f"${known}", "")

    assert "$" not in text


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_lie_beside_each_other_on_the_grid(name: str) -> None:
    everything = dashboard(name)["panels"]
    places = [panel["gridPos"] for panel in everything]

    assert len({panel["id"] for panel in everything}) == len(everything)
    assert max(place["x"] + place["w"] for place in places) <= 24
    assert [
        (one, other)
        for number, one in enumerate(places)
        for other in places[:number]
        if overlaps(one, other)
    ] == []


def test_a_sidecar_of_grafana_finds_the_dashboards() -> None:
    kustomization = yaml.safe_load((CONFIG / "grafana/kustomization.yaml").read_text())

    assert kustomization["generatorOptions"]["labels"]["grafana_dashboard"] == "1"
    assert [entry["files"] for entry in kustomization["configMapGenerator"]] == [
        ["okg-fleet.json=fleet.json"],
        ["okg-controller.json=controller.json"],
        ["okg-network.json=network.json"],
    ]
