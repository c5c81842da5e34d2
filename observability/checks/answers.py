"""Asks a Prometheus every question of the dashboards and rules over what the shop exposed: `answers.py FOLDER`.

FOLDER holds what the shop with faults kept: `<milliseconds>.<process>.txt`, the `/metrics` of each process at one look. They are
served again, look by look, a Prometheus scrapes them and follows our rules, and each expression has to have an answer at
one of the looks (before the first nobody is there), but for those that `unanswered.txt` names with the reason. Of these
too every selector has to find something, so that no label is asked for a value that nobody exposes.
"""

import http.server
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import known
import promql
import yaml
from expressions import RULES, uses

LISTED = Path(__file__).resolve().parent / "unanswered.txt"
# Each look is scraped so often before it is asked about: the first two of them are stored by then, and have a rate.
SCRAPES = 3
SCRAPED_EVERY = "1s"
# How long Prometheus may take to start, to scrape a look, and to answer what it has the series for.
WITHIN = 60
PAUSE = 0.1
# Others may take the port between its choice and its use.
STARTS = 3


class Looks(http.server.ThreadingHTTPServer):
    """Serves `/<process>` as it was at the present look; a process that did not run then does not answer."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Look)
        self.all = {}
        for file in sorted(Path(folder).glob("*.txt")):
            moment, who, _ = file.name.split(".")
            self.all.setdefault(int(moment), {})[who] = file.read_bytes()
        self.present, self.fetched, self.lock = {}, {}, threading.Lock()

    def processes(self):
        return sorted({who for look in self.all.values() for who in look})

    def show(self, moment):
        with self.lock:
            self.present, self.fetched = self.all[moment], {}

    def is_scraped(self):
        with self.lock:
            return all(self.fetched.get(who, 0) >= SCRAPES for who in self.present)


class Look(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        who = self.path.strip("/")
        with self.server.lock:
            text = self.server.present.get(who)
            self.server.fetched[who] = self.server.fetched.get(who, 0) + 1
        self.send_response(404 if text is None else 200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.end_headers()
        self.wfile.write(text or b"")

    def log_message(self, *_):
        pass


class Prometheus:
    """One that scrapes the looks and follows our rules, as often as they are shown."""

    def __init__(self, folder, looks):
        groups = [group | {"interval": SCRAPED_EVERY} for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]
        (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
        address = f"127.0.0.1:{looks.server_address[1]}"
        scrapes = [{"job_name": who, "metrics_path": f"/{who}", "static_configs": [{"targets": [address]}]} for who in looks.processes()]
        settings = {
            "global": {"scrape_interval": SCRAPED_EVERY, "scrape_timeout": SCRAPED_EVERY},
            "rule_files": [str(folder / "rules.yaml")],
            "scrape_configs": scrapes,
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(settings))
        self.log = folder / "log"
        for _ in range(STARTS):
            if self.start(folder):
                return
        sys.exit(f"Prometheus does not start:\n{self.log.read_text()}")

    def start(self, folder):
        with socket.socket() as chosen:
            chosen.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % chosen.getsockname()[1]
        self.url = f"http://{address}"
        command = ["prometheus", f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
        until(lambda: self.process.poll() is not None or self.is_ready(), "Prometheus is ready")
        return self.process.poll() is None

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=WITHIN):
                return True
        except OSError:
            return False

    def answers(self, expression):
        """How many series the expression has now."""
        question = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{question}", timeout=WITHIN) as reply:
                return len(json.load(reply)["data"]["result"])
        except urllib.error.HTTPError as refused:
            sys.exit(f"{expression}\nis refused: {refused.read().decode()}")

    def end(self):
        self.process.kill()
        self.process.wait()


def until(holds, what):
    """Waits; whether it came to hold is the caller's to ask where it may not."""
    end = time.monotonic() + WITHIN
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"not within {WITHIN} s: {what}")
        time.sleep(PAUSE)


def listed():
    """Where expressions stand that need no answer, and selectors that need find nothing, each with the reason."""
    lines = [line for line in LISTED.read_text().splitlines() if line and not line.startswith("#")]
    return {what.strip(): why for what, why in (line.split(" # ", 1) for line in lines)}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    looks = Looks(sys.argv[1])
    if not looks.all:
        sys.exit(f"{sys.argv[1]}: nothing is kept there: run `cargo test -p example-pipeline --test shop with_faults` first")
    threading.Thread(target=looks.serve_forever, daemon=True).start()
    asked = list(uses())
    by = {metric.name: metric.by for metric in known.metrics().values()}
    selectors = {where: {use.selector for use in promql.names(expression).uses if by.get(use.metric) != "collector"} for where, expression, _ in asked}
    wanted = {expression for _, expression, _ in asked}.union(*selectors.values())
    excuses = listed()
    excused = {expression for where, expression, _ in asked if where in excuses} | excuses.keys()
    answered = set()
    with tempfile.TemporaryDirectory() as folder:
        prometheus = Prometheus(Path(folder), looks)

        def ask():
            answered.update(expression for expression in wanted - answered if prometheus.answers(expression))

        try:
            ask()
            for moment in sorted(looks.all):
                looks.show(moment)
                until(looks.is_scraped, f"the look at {moment} is scraped")
                ask()
            # Rules over rules come later than what they are made of.
            end = time.monotonic() + WITHIN
            while wanted - answered - excused and time.monotonic() < end:
                time.sleep(PAUSE)
                ask()
        finally:
            prometheus.end()
    missing = wanted - answered - excused
    mistakes = [f"{where}: no answer at any look: {expression}" for where, expression, _ in asked if expression in missing]
    mistakes += [f"{where}: nothing is ever {selector}" for where, named in selectors.items() for selector in sorted(named & missing)]
    known_places = {where for where, _, _ in asked}.union(*selectors.values())
    mistakes += [f"{LISTED.name}: {what} stands nowhere" for what in sorted(excuses.keys() - known_places)]
    if mistakes:
        sys.exit("\n".join(dict.fromkeys(mistakes)))
    without = [where for where, expression, _ in asked if expression not in answered]
    print(f"{len(asked)} expressions over {len(looks.all)} looks: {len(asked) - len(without)} answered, {len(without)} need not be")


if __name__ == "__main__":
    main()
