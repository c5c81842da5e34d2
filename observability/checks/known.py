"""The metrics that are known to be exposed: ../metrics.txt."""

from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).resolve().parent.parent / "metrics.txt"
# Prometheus adds these to everything it is told.
BY_PROMETHEUS = {"job", "instance"}
WHEN = ["always", "faults"]


@dataclass
class Metric:
    name: str
    kind: str
    by: str
    when: str
    always: set[str]
    """Labels that every series has."""
    sometimes: set[str]
    """Labels that some series have."""
    rarely: set[str]
    """Of these, those that no run of the shop exposes by itself."""

    def labels(self):
        return self.always | self.sometimes


def metrics():
    """Every line of the file, by name."""
    known = {}
    for number, line in enumerate(FILE.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split()
        if not 4 <= len(parts) <= 5 or parts[0] in known:
            raise SystemExit(f"metrics.txt:{number}: want: name, type, by, when, labels; each name once")
        if parts[3] not in WHEN:
            raise SystemExit(f"metrics.txt:{number}: `when` is one of {', '.join(WHEN)}")
        labels = parts[4].split(",") if len(parts) == 5 else []
        known[parts[0]] = Metric(
            *parts[:4],
            always={label for label in labels if label[-1] not in "?*"},
            sometimes={label[:-1] for label in labels if label[-1] in "?*"},
            rarely={label[:-1] for label in labels if label.endswith("*")},
        )
    return known


def series(known):
    """Labels by the names that a query uses: a histogram is three."""
    names = {}
    for metric in known.values():
        labels = metric.labels() | BY_PROMETHEUS
        if metric.kind == "histogram":
            names[f"{metric.name}_bucket"] = labels | {"le"}
            names[f"{metric.name}_sum"] = names[f"{metric.name}_count"] = labels
        else:
            names[metric.name] = labels
    return names
