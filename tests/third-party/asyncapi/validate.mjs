// Has `asyncapi validate` judge each document named, and one of hostile manifests that the command `CHOREOGRAPH` writes; and the
// first one spoilt in several ways, for a validator that accepts all proves nothing. None of it may reach for the network.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { said } from "./hostile.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const CLI = ["--require", join(here, "offline.cjs"), join(here, "node_modules/@asyncapi/cli/bin/run_bin")];

// The command's exit code: 0 for a valid document, 1 for another; and what it printed.
function asyncapi(args, more = {}) {
  const analytics = { ASYNCAPI_METRICS_CONFIG_PATH: join(here, "analytics.json") };
  const env = { ...process.env, ...analytics, SUPPRESS_NO_CONFIG_WARNING: "1", HOME: here, ...more };
  return new Promise((tell) => {
    execFile(process.execPath, [...CLI, ...args], { env, cwd: here }, (error, out, errors) => tell([error?.code ?? 0, out + errors]));
  });
}

// What is wrong with a document must be told: of its form, of its references, of the schema of an event, of its text.
const SPOILT = {
  "a wrong action": (text) => text.replace(/"action": "(send|receive)"/, '"action": "shout"'),
  "a message that there is not": (text) => text.replace(/"#\/components\/messages\/[^"]*"/, '"#/components/messages/gone"'),
  "a schema that is none": (text) => text.replace(/"type": "object"/, '"type": "thing"'),
  "half of it": (text) => text.slice(0, text.length / 2),
};

const folder = mkdtempSync(join(tmpdir(), "asyncapi-"));
const cases = process.argv.slice(2).map((file) => ({ name: basename(file), text: readFileSync(file, "utf8"), expected: 0 }));
const first = cases[0].text;
cases.push({ name: "hostile manifests", text: said(["topology", "asyncapi", "writer.json", "reader.json"]), expected: 0 });
for (const [name, spoil] of Object.entries(SPOILT)) {
  const text = spoil(first);
  if (text === first) throw new Error(`${name}: the document has no such place to spoil`);
  cases.push({ name, text, expected: 1 });
}

const faults = [];

async function judge({ name, text, expected }, number) {
  const file = join(folder, `${number}.json`);
  writeFileSync(file, text);
  const [code, told] = await asyncapi(["validate", file]);
  if (code !== expected) faults.push(`${name}: ended with ${code} instead of ${expected}: ${told}`);
}

// It counts its users unless it is told not to, and its own command for that counts too where it is not in a CI job.
const [disabled, told] = await asyncapi(["config", "analytics", "--disable"], { CI: "true" });
if (disabled !== 0) throw new Error(`its analytics are not off: ${told}`);
const waiting = cases.entries();
// The first one alone: a first run makes a folder for its logs, and of two that find none, one ends with EEXIST.
await judge(cases[0], waiting.next().value[0]);
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    for (const [number, one] of waiting) await judge(one, number);
  }),
);
rmSync(folder, { recursive: true });
faults.forEach((fault) => console.log(fault));
const valid = cases.filter((one) => one.expected === 0).length;
console.log(faults.length === 0 ? `${valid} documents are valid, ${cases.length - valid} spoilt ones are not` : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
