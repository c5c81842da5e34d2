"""Runs the unit tests of the rules by promtool, and sees that every alert has one that fires and one that is silent.

promtool compares all annotations of an alert. Those that no label changes would be the same text twice, so the rules are
tested with the others alone.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

ROOM = Path(__file__).resolve().parent.parent / "alerts"
WANTED = ["summary", "meaning", "look", "observer"]
TESTED = {"summary", "observer"}
SEVERITIES = {"critical", "warning"}


def wrong(alert):
    """What a person who is woken would miss."""
    name, told = alert["alert"], alert.get("annotations", {})
    if list(told) != WANTED:
        yield f"{name}: wants the annotations {', '.join(WANTED)}, in this order"
        return
    if alert.get("labels", {}).get("severity") not in SEVERITIES:
        yield f"{name}: its severity is neither critical nor warning"
    if not all(f"{number}. " in told["look"] for number in (1, 2, 3)):
        yield f"{name}: `look` does not name three things"
    if not told["observer"].startswith("{{ $externalLabels.observer }}/"):
        yield f"{name}: `observer` does not lead to the observer's page"
    for text in ("meaning", "look"):
        if "{{" in told[text]:
            yield f"{name}: `{text}` depends on labels, and nothing would test it"


def untested(alerts, tests):
    """Alerts without a story of each kind."""
    fires, silent = set(), set()
    for test in tests:
        for case in test.get("alert_rule_test", []):
            (fires if case["exp_alerts"] else silent).add(case["alertname"])
    for alert in alerts:
        for kind, names in (("fires", fires), ("is silent", silent)):
            if alert["alert"] not in names:
                yield f"{alert['alert']}: no test in which it {kind}"


def main():
    files = {file.name: yaml.safe_load(file.read_text()) for file in ROOM.glob("*.yaml")}
    tests = files.pop("alerts_test.yaml")
    alerts = [rule for file in files.values() for group in file["groups"] for rule in group["rules"] if "alert" in rule]
    mistakes = [mistake for alert in alerts for mistake in wrong(alert)] + list(untested(alerts, tests["tests"]))
    if mistakes:
        sys.exit("\n".join(mistakes))
    for alert in alerts:
        alert["annotations"] = {name: text for name, text in alert["annotations"].items() if name in TESTED}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (files | {"alerts_test.yaml": tests}).items():
            Path(folder, name).write_text(yaml.safe_dump(content, sort_keys=False))
        done = subprocess.run(["promtool", "test", "rules", "alerts_test.yaml"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    print(f"{len(alerts)} alerts, each fires in one story and is silent in another")


if __name__ == "__main__":
    main()
