import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const SOURCE = fileURLToPath(new URL("../../src/", import.meta.url));
/** Ports, what the environment decides, and the words that all share. */
const PROMISES =
  /(?:^|\/)ports\/[^/]+\.ts$|(?:^|\/)ports?\.ts$|^(?:config|settings)\.ts$|^kernel\/[^/]+\.ts$/;
const EXPORT = /^export (?:abstract |async )?(?:interface|type|class|const|function) \w+/;

/** Lines of a file that export a name of its own and have no docstring above. */
function withoutDocstring(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.filter((line, at) => EXPORT.test(line) && !/\*\/\s*$/.test(lines[at - 1] ?? ""));
}

test("every name that ports, configuration and kernel export says what it promises", async () => {
  const files = (await readdir(SOURCE, { recursive: true })).filter((path) => PROMISES.test(path));
  expect(files.length).toBeGreaterThan(20);
  const found = await Promise.all(
    files.map(async (path) =>
      withoutDocstring(await readFile(SOURCE + path, "utf8")).map((line) => `${path}: ${line}`),
    ),
  );
  expect(found.flat()).toEqual([]);
});
