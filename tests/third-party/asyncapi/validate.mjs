// Validates each AsyncAPI document named, and one of hostile manifests that the command `CHOREOGRAPH` writes; and the first one
// spoilt in several ways, so that a validator which accepts all is found out.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { Parser } from "@asyncapi/parser";
import { said } from "./hostile.mjs";

const ERROR = 0;

async function errors(text) {
  const { document, diagnostics } = await new Parser().parse(text);
  const found = diagnostics.filter((one) => one.severity === ERROR);
  if (!document && found.length === 0) throw new Error("neither a document nor an error");
  return found.map((one) => `${one.path.join("/")}: ${one.message}`);
}

// What is wrong with a document must be told: of its form, of its references, of the schema of an event, of its text.
const SPOILT = {
  "a wrong action": (text) => text.replace(/"action": "(send|receive)"/, '"action": "shout"'),
  "a message that there is not": (text) => text.replace(/"#\/components\/messages\/[^"]*"/, '"#/components/messages/gone"'),
  "a schema that is none": (text) => text.replace(/"type": "object"/, '"type": "thing"'),
  "half of it": (text) => text.slice(0, text.length / 2),
};

const files = process.argv.slice(2);
const documents = await Promise.all(files.map(async (file) => [basename(file), await readFile(file, "utf8")]));
const [, first] = documents[0];
documents.push(["hostile manifests", said(["topology", "asyncapi", "writer.json", "reader.json"])]);

const faults = [];
for (const [name, text] of documents) {
  faults.push(...(await errors(text)).map((fault) => `${name}: ${fault}`));
}
for (const [name, spoil] of Object.entries(SPOILT)) {
  const spoilt = spoil(first);
  if (spoilt === first) faults.push(`${name}: the document has no such place to spoil`);
  else if ((await errors(spoilt)).length === 0) faults.push(`${name} was accepted: this validator proves nothing`);
}
faults.forEach((fault) => console.log(fault));
console.log(faults.length === 0 ? `${documents.length} documents are valid AsyncAPI` : `${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
