import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { parse, type Token } from "acorn";
import { checkSync } from "recheck";
import { loadModel, SERVICES } from "../../src/aws-models/model.ts";
import { expressionOf } from "../../src/http/aws/patterns.ts";

/** Milliseconds for one expression, on a busy machine. What is not decided otherwise is tried, with the same texts each time. */
const TRIAL = { timeout: 60_000, randomSeed: 1 };

interface Expression {
  readonly place: string;
  readonly source: string;
  readonly flags: string;
}

type RegExpToken = Token & { readonly value: { readonly pattern: string; readonly flags: string } };

/** Every expression that stands between slashes in a file. */
async function writtenIn(file: string): Promise<readonly Expression[]> {
  const text = await readFile(file, "utf8");
  const found: Expression[] = [];
  parse(file.endsWith(".ts") ? stripTypeScriptTypes(text) : text, {
    ...{ ecmaVersion: "latest", sourceType: "module", locations: true },
    onToken(token: Token) {
      const { type, loc } = token;
      if (type.label !== "regexp") return;
      const { pattern, flags } = (token as RegExpToken).value;
      found.push({ place: `${file}:${loc?.start.line}`, source: pattern, flags });
    },
  });
  return found;
}

/** The patterns of the service models, which are tried on what callers send. */
async function modelled(): Promise<readonly Expression[]> {
  const models = await Promise.all(SERVICES.map(loadModel));
  return models.flatMap(({ shapes, signingName }) =>
    Object.entries(shapes).flatMap(([name, { pattern }]) => {
      if (pattern === undefined) return [];
      const { source, flags } = expressionOf(pattern);
      return [{ place: `${signingName} ${name}`, source, flags }];
    }),
  );
}

/** Why an expression may take more than linear time; undefined where it cannot. */
function complaint({ source, flags }: Expression): string | undefined {
  const verdict = checkSync(source, flags, TRIAL);
  if (verdict.status === "safe") return undefined;
  if (verdict.status === "unknown") return `not decided (${verdict.error.kind})`;
  return `${verdict.complexity.summary}, by ${verdict.attack.pattern.slice(0, 120)}`;
}

/** Fails where an expression of ours has a text that keeps it busy for longer than the text's length accounts for. */
const files = globSync("src/**/*.{ts,js,mjs}");
const all = [...(await Promise.all(files.map(writtenIn))).flat(), ...(await modelled())];
const different = [...new Map(all.map((each) => [`/${each.source}/${each.flags}`, each])).values()];
const complaints = different.flatMap((each) => {
  const why = complaint(each);
  return why === undefined ? [] : [`${each.place}: /${each.source}/${each.flags}: ${why}`];
});
for (const line of complaints) console.error(line);
console.log(`Checked ${different.length} regular expressions: ${complaints.length} may take long`);
process.exitCode = complaints.length === 0 ? 0 : 1;
