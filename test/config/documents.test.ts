import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { SETTINGS, type Setting } from "../../src/settings.ts";

const DOCUMENTS = [
  ...["README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "policies/README.md"],
  ...(await readdir("docs")).filter((name) => name.endsWith(".md")).map((name) => join("docs", name)),
];
const settings = new Set(
  Object.entries(SETTINGS).flatMap(([name, { secret }]: [string, Setting]) =>
    secret ? [name, `${name}_FILE`] : [name],
  ),
);

/** What clients read, and no setting of the server. */
const OF_CLIENTS = ["BERTH_ACCESS_KEY_ID", "BERTH_SECRET_ACCESS_KEY", "BERTH_SESSION_TOKEN", "BERTH_CONFIG"];

test.each(DOCUMENTS)("%s names settings that exist", async (path) => {
  const named =
    (await readFile(path, "utf8")).match(/\b(?:BERTH_[A-Z0-9_]*[A-Z0-9]|WEB_CONCURRENCY)\b/g) ?? [];
  expect(named.filter((name) => !settings.has(name) && !OF_CLIENTS.includes(name))).toEqual([]);
});

test.each(DOCUMENTS)("%s leads to files and headings that exist", async (path) => {
  const text = await readFile(path, "utf8");
  const links = [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, to = ""]) => to);
  const found = await Promise.all(links.map((to) => leadsSomewhere(path, to)));
  expect(links.filter((_, at) => !found[at])).toEqual([]);
});

test.each(DOCUMENTS)("%s names tests that exist", async (path) => {
  const named = (await readFile(path, "utf8")).match(/\btest\/[\w/-]+\.test\.ts\b/g) ?? [];
  expect(named.filter((file) => !existsSync(file))).toEqual([]);
});

async function leadsSomewhere(from: string, to: string): Promise<boolean> {
  const [file = "", heading] = to.split("#");
  const path = file === "" ? from : join(dirname(from), file);
  if (!existsSync(path)) return false;
  return heading === undefined || headingsOf(await readFile(path, "utf8")).includes(heading);
}

/** As GitHub makes anchors of headings. */
function headingsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
