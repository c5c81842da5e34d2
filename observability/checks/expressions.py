"""Whether every PromQL expression of the dashboards and the rules parses, and names only metrics and labels that are exposed.

Also whether what is written about results (legends, links, annotations) uses labels that the results have.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import known
import promql
import yaml

ROOM = Path(__file__).resolve().parent.parent
RULES = [ROOM / "alerts" / "recording.yaml", ROOM / "alerts" / "alerts.yaml"]
# What Grafana puts in the place of its variables.
VARIABLES = {"$__rate_interval": "1m", "$workflow": ".*", "$step": ".*"}
IN_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
IN_LINK = re.compile(r"\$\{__(?:field\.labels|data\.fields)\.(\w+)")
IN_ANNOTATION = re.compile(r"\$labels\.(\w+)")
IN_VARIABLE = re.compile(r"label_values\((\w+), (\w+)\)")


def rules():
    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def uses():
    """Every expression: where it stands, itself, and the labels that are written about its result."""
    for rule in rules():
        told = " ".join(rule.get("annotations", {}).values())
        yield rule.get("alert", rule.get("record")), rule["expr"], set(IN_ANNOTATION.findall(told))
    for file in sorted((ROOM / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", []):
                told = set(IN_LEGEND.findall(target["legendFormat"]))
                told |= {label for link in panel["fieldConfig"]["defaults"]["links"] for label in IN_LINK.findall(link["url"])}
                expression = target["expr"]
                for variable, value in VARIABLES.items():
                    expression = expression.replace(variable, value)
                yield f"{file.name}: {panel['title']}", expression, told


def parse(found):
    """Lets promtool parse all of them at once; it says which do not."""
    lines = [{"record": f"check:expression:n{number}", "expr": expression} for number, (_, expression, _) in enumerate(found)]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"groups": [{"name": "check", "rules": lines}]}, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        numbered = "\n".join(f"  n{number}: {where}" for number, (where, _, _) in enumerate(found))
        sys.exit(f"{done.stdout}{done.stderr}\nwhere n… is\n{numbered}")


def wrong(where, expression, told, series):
    """What one expression names that is not there."""
    named = promql.names(expression)
    for use in named.uses:
        if use.metric not in series:
            yield f"{where}: nobody exposes {use.metric}"
            continue
        for label in sorted((use.selected | use.grouped) - series[use.metric]):
            yield f"{where}: {use.metric} has no label {label}"
    plain = {label for use in named.uses for label in series.get(use.metric, ())}
    for label in sorted(told - (named.result or plain)):
        yield f"{where}: tells of the label {label}, which its result does not have"


def wrong_variables(series):
    for file in sorted((ROOM / "dashboards").glob("*.json")):
        for variable in json.loads(file.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = IN_VARIABLE.fullmatch(variable["query"]["query"]).groups()
                if label not in series.get(metric, ()):
                    yield f"{file.name}: variable {variable['name']}: nobody exposes {metric} with {label}"


def main():
    series = known.series(known.metrics())
    for rule in rules():
        if "record" in rule:
            series[rule["record"]] = promql.names(rule["expr"]).result - {"le"}
    found = list(uses())
    parse(found)
    mistakes = [mistake for one in found for mistake in wrong(*one, series)] + list(wrong_variables(series))
    if mistakes:
        sys.exit("\n".join(mistakes))
    print(f"{len(found)} expressions parse, and name {len({use.metric for one in found for use in promql.names(one[1]).uses})} series that are exposed")


if __name__ == "__main__":
    main()
