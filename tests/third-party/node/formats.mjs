// Whether others read what the command prints of hostile contracts: `node formats.mjs sarif | markdown | dot`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS, FAILURES, said } from "./hostile.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const tool = join(here, "node_modules/@microsoft/sarif-multitool-linux");

// What Microsoft's validator finds against texts by the rules of SARIF and of GitHub, all read by one process of it.
function judged(texts) {
  const folder = mkdtempSync(join(tmpdir(), "sarif-"));
  const logs = Object.values(texts).map((text, number) => {
    const log = join(folder, `log-${number}.sarif`);
    writeFileSync(log, text);
    return log;
  });
  const verdict = join(folder, "verdict.sarif");
  const args = ["validate", ...logs, "--output", verdict, "--log", "ForceOverwrite", "--rule-kind", "Sarif;Ghas"];
  args.push("--json-schema", join(tool, "sarif-2.1.0.json"));
  const env = { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" };
  try {
    execFileSync(join(tool, "Sarif.Multitool"), args, { env, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    // It ends with 1 where it has found something, and its results say what.
    if (error.status !== 1) throw error;
  }
  const runs = JSON.parse(readFileSync(verdict, "utf8")).runs;
  rmSync(folder, { recursive: true });
  const notes = runs.flatMap((run) => run.invocations ?? []).flatMap((one) => one.toolExecutionNotifications ?? []);
  const name = ({ locations: [place] = [] }) => {
    const number = place?.physicalLocation?.artifactLocation?.uri?.match(/log-(\d+)\.sarif$/)?.[1];
    return Object.keys(texts)[number] ?? "one of the logs";
  };
  return [...runs.flatMap((run) => run.results ?? []), ...notes]
    .filter((one) => one.level === "error")
    .map((one) => `${name(one)}: ${one.ruleId ?? one.descriptor?.id}: ${JSON.stringify(one.message)}`);
}

// What the official schema of 2.1.0 says against a text.
async function schema() {
  const [{ default: Ajv }, { default: formats }] = [await import("ajv/dist/2020.js"), await import("ajv-formats")];
  const ajv = formats(new Ajv({ allErrors: true, strict: false }));
  const holds = ajv.compile(JSON.parse(readFileSync(join(tool, "sarif-2.1.0.json"), "utf8")));
  return (log) => (holds(log) ? [] : holds.errors.map((one) => `${one.instancePath} ${one.message}`));
}

// A log that is broken on purpose: a judge who accepts all proves nothing.
function broken(text, spoil) {
  const log = JSON.parse(text);
  spoil(log.runs[0]);
  return log;
}

async function sarif() {
  const against = await schema();
  const [errors, texts] = [[], {}];
  let results = 0;
  for (const [name, args] of Object.entries(COMMANDS)) {
    texts[name] = said([...args, "--format", "sarif"]);
    results += JSON.parse(texts[name]).runs[0].results.length;
  }
  for (const [name, [code, args]] of Object.entries(FAILURES)) {
    texts[name] = said([...args, "--format", "sarif"], [code]);
    const [{ executionSuccessful, exitCode, toolExecutionNotifications: told }] = JSON.parse(texts[name]).runs[0].invocations;
    const why = told.filter((one) => one.level === "error" && one.message.text);
    if (executionSuccessful || exitCode !== code || why.length === 0) errors.push(`${name}: its log is not of a failure`);
  }
  for (const [name, text] of Object.entries(texts)) {
    errors.push(...against(JSON.parse(text)).map((one) => `${name}: ${one}`));
  }
  errors.push(...judged(texts));
  const wrongLevel = broken(texts.diff, (run) => (run.results[0].level = "terrible"));
  if (against(wrongLevel).length === 0) errors.push("the schema holds of a level that there is not");
  const noPlace = broken(texts.diff, (run) => run.results.forEach((one) => delete one.locations));
  const found = judged({ good: texts.diff, "no place": JSON.stringify(noPlace) });
  if (!found.some((one) => one.startsWith("no place: "))) errors.push(`Microsoft's validator needs no place: it proves nothing: ${found}`);
  const failures = Object.keys(FAILURES).length;
  return [errors, `${Object.keys(texts).length} logs, with ${results} results and ${failures} failures, are valid SARIF 2.1.0`];
}

// Kinds of mark-up that no text of a contract or a manifest may turn into.
const FOREIGN = new Set(["html_inline", "html_block", "image", "link"]);

async function markdown() {
  const { Parser } = await import("commonmark");
  const errors = [];
  for (const [name, args] of Object.entries(COMMANDS)) {
    const text = said([...args, "--format", "markdown"]);
    const walker = new Parser().parse(text).walker();
    for (let step = walker.next(); step; step = walker.next()) {
      if (step.entering && FOREIGN.has(step.node.type)) errors.push(`${name}: ${step.node.type}: ${step.node.literal}`);
    }
  }
  return [errors, `${Object.keys(COMMANDS).length} documents have no mark-up but their own`];
}

async function dot() {
  const { Graphviz } = await import("@hpcc-js/wasm-graphviz");
  const graphviz = await Graphviz.load();
  const drawn = graphviz.dot(said(["topology", "graph", "writer.json", "reader.json", "--as", "dot"]), "json");
  const picture = JSON.parse(drawn);
  const steps = (picture.objects ?? []).filter((one) => one.shape === "box" || one.shape === "parallelogram");
  const errors = steps.length === 3 && picture.edges.length === 2 ? [] : [`an event and two services were drawn as ${drawn}`];
  return [errors, "a graph of hostile names is drawn as it is"];
}

const [errors, verdict] = await { sarif, markdown, dot }[process.argv[2]]();
errors.forEach((line) => console.log(line));
console.log(errors.length === 0 ? verdict : `${errors.length} faults`);
process.exit(errors.length === 0 ? 0 : 1);
