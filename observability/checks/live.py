"""Asks a running Prometheus every question of the dashboards, and says which have no answer: `live.py http://localhost:9090`.

A panel over failures is rightly empty where nothing failed. One that is empty while its step works asks the wrong thing.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request

from expressions import uses

TIMEOUT = 10


def answer(server, expression):
    """How many series the expression has now; None if Prometheus refuses it."""
    question = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"{server}/api/v1/query?{question}", timeout=TIMEOUT) as reply:
            return len(json.load(reply)["data"]["result"])
    except urllib.error.HTTPError as refused:
        print(f"refused: {refused.read().decode()}")
        return None


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    counts = [(where, answer(sys.argv[1], expression)) for where, expression, _ in uses() if ".json: " in where]
    for where, count in counts:
        if not count:
            print(f"{'refused' if count is None else 'empty  '}  {where}")
    print(f"{sum(bool(count) for _, count in counts)} of {len(counts)} questions have an answer")
    sys.exit(any(count is None for _, count in counts))


if __name__ == "__main__":
    main()
