"""Whether the dashboards are whole: what Grafana would load without a word and show wrongly."""

import itertools
import json
import sys
from pathlib import Path

ROOM = Path(__file__).resolve().parent.parent / "dashboards"
COLUMNS = 24
# Grafana shows an unknown unit as text behind the number. These are its ids of those in use.
UNITS = {"short", "s", "percentunit", "cps", "mps"}
SHORTEST_TEXT = 60
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


def overlap(one, other):
    a, b = one["gridPos"], other["gridPos"]
    return a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def wrong_panel(panel, variables):
    place = panel["gridPos"]
    if place["x"] < 0 or place["w"] < 1 or place["x"] + place["w"] > COLUMNS:
        yield "does not fit the grid"
    if panel["type"] == "row":
        return
    if len(panel["description"]) < SHORTEST_TEXT:
        yield "its description does not say what to do when it is red"
    defaults = panel["fieldConfig"]["defaults"]
    if defaults["unit"] not in UNITS:
        yield f"unknown unit {defaults['unit']}"
    steps = [step["value"] for step in defaults["thresholds"]["steps"]]
    if steps[0] is not None or None in steps[1:] or steps[1:] != sorted(set(steps[1:])):
        yield f"thresholds that do not rise: {steps}"
    if panel["datasource"] != DATASOURCE or any(target["datasource"] != DATASOURCE for target in panel["targets"]):
        yield "does not ask the variable `datasource`"
    ids = [target["refId"] for target in panel["targets"]]
    if not ids or len(ids) != len(set(ids)):
        yield "no query, or two of one id"
    for target in panel["targets"]:
        for name in ("workflow", "step"):
            if f"${name}" in target["expr"] and name not in variables:
                yield f"uses the variable {name}, which its dashboard does not have"
    for link in defaults["links"]:
        if not link["url"].startswith("${observer}/"):
            yield "a link that does not lead to the observer's page"


def wrong(dashboard):
    panels = dashboard["panels"]
    ids = [panel["id"] for panel in panels]
    if len(ids) != len(set(ids)):
        yield "two panels of one id"
    variables = [variable["name"] for variable in dashboard["templating"]["list"]]
    if not {"datasource", "observer"} <= set(variables) or len(variables) != len(set(variables)):
        yield "wants the variables `datasource` and `observer`, each variable once"
    for one, other in itertools.combinations(panels, 2):
        if overlap(one, other):
            yield f"{one['title']} and {other['title']} lie upon each other"
    for panel in panels:
        for mistake in wrong_panel(panel, variables):
            yield f"{panel['title']}: {mistake}"


def main():
    dashboards = {file.name: json.loads(file.read_text()) for file in sorted(ROOM.glob("*.json"))}
    mistakes = [f"{name}: {mistake}" for name, dashboard in dashboards.items() for mistake in wrong(dashboard)]
    for key in ("uid", "title"):
        values = [dashboard[key] for dashboard in dashboards.values()]
        if len(values) != len(set(values)):
            mistakes.append(f"two dashboards of one {key}")
    if not dashboards or mistakes:
        sys.exit("\n".join(mistakes) or "no dashboards")
    shown = sum(panel["type"] != "row" for dashboard in dashboards.values() for panel in dashboard["panels"])
    print(f"{len(dashboards)} dashboards, {shown} panels")


if __name__ == "__main__":
    main()
