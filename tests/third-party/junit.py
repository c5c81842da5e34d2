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
from junitparser import JUnitXml

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


def said(folder, *args):
    run = subprocess.run([os.environ["CHOREOGRAPH"], *args], cwd=folder, capture_output=True, check=False)
    assert run.returncode in (0, 1), run.stderr
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
    print(f"{reports} reports with {findings} findings keep the schema, and are read as they are meant")


sys.exit(main())
