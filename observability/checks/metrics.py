"""Holds metrics.txt against what was really exposed: `metrics.py [--by service|observer|collector|operator] FILE…`.

FILE is the text of a `/metrics`; all files together are one running system. With `--by` only that part is asked for: say
`service` where no observer ran. With `--faults` what is exposed only where something fails has to be there too. Of metrics that are not ours (`process_…`, the collector's own) only the listed ones count.
"""

import argparse
import re
import sys
from pathlib import Path

import known

TYPE = re.compile(r"# TYPE (\S+) (\S+)")
SAMPLE = re.compile(r"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+")
LABEL = re.compile(r'([a-zA-Z_]\w*)="(?:\\.|[^"\\])*"')
# Labels that every exporter adds, and those that make a histogram out of counters.
ADDED = re.compile(r"otel_scope_\w+|le")
OURS = ("workflow_", "messaging_")
PARTS = ["service", "observer", "collector", "operator"]
PART = re.compile(r"_(bucket|sum|count)$")


def exposed(files):
    """By name: the type, and for every series the set of its labels."""
    kinds, labels = {}, {}
    for file in files:
        for line in Path(file).read_text().splitlines():
            if match := TYPE.match(line):
                kinds[match[1]] = match[2]
            elif not line.startswith("#") and (match := SAMPLE.match(line)):
                name = match[1] if match[1] in kinds else PART.sub("", match[1])
                found = frozenset(label for label in LABEL.findall(match[2] or "") if not ADDED.fullmatch(label))
                labels.setdefault(name, set()).add(found)
    return kinds, labels


def wrong(metric, kinds, labels, wanted):
    """How what is listed differs from what was seen."""
    if metric.name not in labels:
        if metric.when in wanted:
            yield f"{metric.name}: listed, and not exposed"
        return
    if kinds.get(metric.name) != metric.kind:
        yield f"{metric.name}: listed as a {metric.kind}, exposed as a {kinds.get(metric.name)}"
    for found in labels[metric.name]:
        # What Prometheus adds may be there already, where a collector stands between.
        for label in sorted(found - metric.labels() - known.BY_PROMETHEUS):
            yield f"{metric.name}: has the label {label}, which is not listed"
        for label in sorted(metric.always - found):
            yield f"{metric.name}: a series without the label {label}"
    if "faults" in wanted:
        for label in sorted(metric.sometimes - metric.rarely - set().union(*labels[metric.name])):
            yield f"{metric.name}: no series has the label {label}, which is listed"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--by", choices=PARTS, action="append")
    arguments.add_argument("--faults", action="store_true")
    arguments.add_argument("files", nargs="+", metavar="FILE")
    given = arguments.parse_args()
    listed = known.metrics()
    kinds, labels = exposed(given.files)
    parts = set(given.by or PARTS)
    asked = [metric for metric in listed.values() if metric.by in parts]
    wanted = {"always", "faults"} if given.faults else {"always"}
    mistakes = {mistake for metric in asked for mistake in wrong(metric, kinds, labels, wanted)}
    mistakes |= {f"{name}: exposed, and not listed" for name in labels if name.startswith(OURS) and name not in listed}
    if mistakes:
        sys.exit("\n".join(sorted(mistakes)))
    seen = [metric for metric in asked if metric.name in labels]
    unseen = [metric.name for metric in asked if metric.name not in labels]
    print(f"{len(seen)} of {len(asked)} listed metrics seen, all as listed; not seen: {'; '.join(unseen) or 'none'}")


if __name__ == "__main__":
    main()
