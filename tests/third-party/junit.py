"""Whether a report keeps the schema of JUnit XML that Jenkins' xUnit plug-in asks for, and whether a reader that CI systems use
finds in it what the command found: `junit.py SCHEMA`."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import xmlschema
from junitparser import Error, JUnitXml

TEXT = "\x1b[2J\x9b31m\r\n::error::x | `<script>x</script>` <b>&\"' ]]> \u202e \u0000"


def contract(version, kind):
    properties = {TEXT: {"type": kind}, **{f"field{n}": {"type": kind} for n in range(100)}}
    return {
        "$id": f"urn:contract:order.placed/{version}",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": TEXT,
        "type": "object",
        "properties": properties,
    }


# What keeps the command from its answer, with the exit code of each.
FAILURES = [
    (2, ["diff", "old.json", "gone \x1b[2J\r\n<b>&]]>.json"]),
    (2, ["diff", "old.json", "torn.json"]),
    (2, ["check", "--\x1b[2J<script>"]),
    (2, ["topology", "check", "gone.json"]),
    (3, ["check", "--against", "git:gone"]),
    (3, ["registry", "check", "--url", "http://127.0.0.1:1"]),
]


def said(folder, *args, codes=(0, 1)):
    run = subprocess.run([os.environ["CHOREOGRAPH"], *args], cwd=folder, capture_output=True, check=False)
    assert run.returncode in codes, (args, run.returncode, run.stderr)
    return run.stdout.decode()


def faults(form, text):
    report = ElementTree.fromstring(text)
    for case in report.iter("testcase"):
        # The schema does not know it, and GitLab leads to the file by it.
        case.attrib.pop("file", None)
    return [error.reason for error in form.iter_errors(report)]


def main():
    reports = findings = 0
    form = xmlschema.XMLSchema(sys.argv[1])
    # One that is wrong on purpose: a schema that holds of everything proves nothing.
    assert faults(form, '<testsuites><testsuite name="a"/></testsuites>')
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, schema in [
            ("old.json", contract("1.0", "string")),
            ("new.json", contract("1.0", "integer")),
            ("then/order.placed/1.0.json", contract("1.0", "string")),
            ("schemas/order.placed/1.0.json", contract("1.0", "integer")),
        ]:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(json.dumps(schema, indent=1), encoding="utf-8")
        for args in (["diff", "old.json", "new.json"], ["diff", "old.json", "old.json"], ["check", "--against", "then"]):
            found = json.loads(said(folder, *args, "--format", "json"))
            if args[0] == "check":
                expected = found["findings"]
            else:
                expected = found["backward"]["findings"] + found["forward"]["findings"]
            text = said(folder, *args, "--format", "junit")
            assert not faults(form, text), faults(form, text)
            report = JUnitXml.fromstring(text.encode())
            cases = [case for suite in report for case in suite]
            failures = [case for case in cases if case.result]
            stated = (report.tests, report.failures, report.errors, report.skipped)
            assert stated == (max(len(expected), 1), len(expected), 0, 0), (args, stated, len(expected))
            assert (len(cases), len(failures)) == stated[:2], args
            for case, one in zip(failures, expected):
                assert case.name.startswith(one["rule"]) and case.result[0].type == one["rule"], case.name
            reports, findings = reports + 1, findings + len(expected)
        (folder / "torn.json").write_text('{"a":' + TEXT, encoding="utf-8")
        for code, args in FAILURES:
            text = said(folder, *args, "--format", "junit", codes=(code,))
            assert not faults(form, text), (args, faults(form, text))
            report = JUnitXml.fromstring(text.encode())
            results = [result for suite in report for case in suite for result in case.result]
            assert (report.tests, report.failures, report.errors) == (len(results), 0, len(results)), args
            assert results and all(isinstance(one, Error) and one.message for one in results), args
    print(f"{reports} reports with {findings} findings, and {len(FAILURES)} of failures, keep the schema, and are read as they are meant")


sys.exit(main())
