// Whether others read what the command prints of hostile contracts: `node formats.mjs sarif | markdown | dot`.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMMANDS, said } from "./hostile.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const tool = join(here, "node_modules/@microsoft/sarif-multitool-linux");

// Every result of Microsoft's validator for a text, by its rule and level.
function judged(text, folder) {
  const [log, verdict] = [join(folder, "log.sarif"), join(folder, "verdict.sarif")];
  writeFileSync(log, text);
  const args = ["validate", log, "--output", verdict, "--log", "ForceOverwrite", "--rule-kind", "Sarif;Ghas"];
  args.push("--json-schema", join(tool, "sarif-2.1.0.json"));
  const env = { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: "1" };
  try {
    execFileSync(join(tool, "Sarif.Multitool"), args, { env, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    // It ends with 1 where it has found something, and its results say what.
    if (error.status !== 1) throw error;
  }
  return JSON.parse(readFileSync(verdict, "utf8")).runs.flatMap((run) => run.results ?? []);
}

function sarif() {
  const folder = mkdtempSync(join(tmpdir(), "sarif-"));
  const errors = [];
  let [count, results] = [0, 0];
  for (const [name, args] of Object.entries(COMMANDS)) {
    const text = said([...args, "--format", "sarif"]);
    results += JSON.parse(text).runs[0].results.length;
    count += 1;
    const found = judged(text, folder).filter((one) => one.level === "error");
    errors.push(...found.map((one) => `${name}: ${one.ruleId}: ${JSON.stringify(one.message)}`));
  }
  // One that is broken on purpose: a validator which accepts all proves nothing.
  const broken = JSON.parse(said([...COMMANDS.diff, "--format", "sarif"]));
  broken.runs[0].results[0].level = "terrible";
  const found = judged(JSON.stringify(broken), folder).some((one) => one.level === "error");
  if (!found) errors.push("a log with a wrong level was accepted: this validator proves nothing");
  rmSync(folder, { recursive: true });
  return [errors, `${count} logs with ${results} results are valid SARIF 2.1.0`];
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
