// Validates each AsyncAPI document named, and one broken on purpose, so that a validator which accepts all is found out.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { Parser } from "@asyncapi/parser";

const ERROR = 0;

async function errors(text) {
  const { document, diagnostics } = await new Parser().parse(text);
  const found = diagnostics.filter((one) => one.severity === ERROR);
  if (!document && found.length === 0) throw new Error("neither a document nor an error");
  return found.map((one) => `${one.path.join("/")}: ${one.message}`);
}

let failed = 0;
const files = process.argv.slice(2);
for (const file of files) {
  const found = await errors(await readFile(file, "utf8"));
  found.forEach((line) => console.log(`${basename(file)}: ${line}`));
  failed += found.length > 0 ? 1 : 0;
}
const broken = JSON.parse(await readFile(files[0], "utf8"));
Object.values(broken.operations)[0].action = "shout";
if ((await errors(JSON.stringify(broken))).length === 0) {
  console.log("a document with a wrong action was accepted: this validator proves nothing");
  failed += 1;
}
console.log(`${files.length - failed} of ${files.length} documents are valid AsyncAPI`);
process.exit(failed === 0 && files.length > 0 ? 0 : 1);
