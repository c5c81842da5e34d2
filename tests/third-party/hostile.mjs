// Contracts and manifests whose every text is something for somebody to obey, and what the command says of them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const TEXT = "\u001b[2J\u009b31m\r\n::error::x\n%0A|`<script>x</script>`` ![i](http://h/i) <b>b</b> ` ]]> \u202e\"];n0-->n1";

const contract = (version, type) => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  $id: `urn:contract:order.placed/${version}`,
  title: TEXT,
  description: TEXT,
  type: "object",
  properties: { [TEXT]: { type, title: TEXT }, id: { type } },
  required: [TEXT, "id"],
});

const ELSEWHERE = { $ref: "file:///etc/passwd" };

// Leads out of its document wherever a tool may look.
const leading = { const: ELSEWHERE, items: [ELSEWHERE], properties: { a: ELSEWHERE }, default: [ELSEWHERE], "x-y": ELSEWHERE };

const manifest = (service, rest) => ({ manifest: 1, service, owner: TEXT, version: TEXT, ...rest });

const FILES = {
  "old.json": contract("1.0", "string"),
  "new.json": contract("1.0", "integer"),
  "then/order.placed/1.0.json": contract("1.0", "string"),
  "schemas/order.placed/1.0.json": contract("1.0", "integer"),
  "schemas/order.placed/1.1.json": contract("1.1", "string"),
  "writer.json": manifest(`writer ${TEXT}`, {
    publishes: [{ type: TEXT, version: "1.0", topic: TEXT, key: TEXT, external: true, deprecated: { sunset: TEXT }, schema: leading }],
  }),
  "reader.json": manifest(`reader ${TEXT}`, {
    steps: [{ name: TEXT, group: TEXT, consumes: [{ type: TEXT, major: 1, topic: TEXT, schema: { required: [TEXT] } }] }],
  }),
};

export const COMMANDS = {
  diff: ["diff", "old.json", "new.json"],
  "diff of equals": ["diff", "old.json", "old.json"],
  check: ["check"],
  "check against": ["check", "--against", "then"],
  "topology check": ["topology", "check", "writer.json", "reader.json"],
  "topology check against": ["topology", "check", "reader.json", "--against", "writer.json"],
  explain: ["explain"],
  "explain one": ["explain", "CONTRACT_MUTATED"],
};

const NOWHERE = "http://127.0.0.1:1";

// What keeps the command from its answer, with the exit code of each.
export const FAILURES = {
  "a file that is not there": [2, ["diff", "old.json", `gone ${TEXT}.json`]],
  "a file that is no JSON": [2, ["diff", "old.json", "torn.json"]],
  "no such option": [2, ["check", `--${TEXT}`]],
  "no such rule": [2, ["explain", TEXT]],
  "no such manifest": [2, ["topology", "check", "gone.json"]],
  "no ref": [2, ["check", "--against", `git:${TEXT}`]],
  "a folder without a past": [3, ["check", "--against", "git:gone"]],
  "a registry that is away": [3, ["registry", "check", "--url", NOWHERE]],
};

// What `choreograph` prints for `args` in a folder of these files, where it ends with one of these codes.
export function said(args, codes = [0, 1]) {
  const folder = mkdtempSync(join(tmpdir(), "hostile-"));
  try {
    for (const [path, value] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), JSON.stringify(value, null, 2));
    }
    writeFileSync(join(folder, "torn.json"), `{"a":${TEXT}`);
    const { status, stdout, stderr } = spawnSync(process.env.CHOREOGRAPH, args, { cwd: folder, encoding: "utf8" });
    if (!codes.includes(status)) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
