import { expect, test } from "vitest";
import { SETTINGS, type Setting } from "../../src/settings.ts";

/** `npm run docs` writes the file anew; this test holds the two together. */
test("docs/configuration.md says what the settings say", async () => {
  await expect(reference()).toMatchFileSnapshot("../../docs/configuration.md");
});

function reference(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]: [string, Setting]) => {
    const file = setting.secret ? `, \`${name}_FILE\`` : "";
    const fallback = setting.default === undefined ? "" : `\`${setting.default}\``;
    return `| \`${name}\`${file} | ${fallback} | ${setting.doc} |`;
  });
  return `# Configuration

Everything comes from the environment, is validated once at start, and all mistakes are reported together. A variable
that begins with \`BERTH_\` and is not in this table is a mistake too. A secret may be given as the path of a file, in the
variable with \`_FILE\` appended; giving both is refused.

| Variable | Default | What it does |
|---|---|---|
${rows.join("\n")}

The commands \`berth import\` and \`berth export\` read \`BERTH_ACCESS_KEY_ID\` and \`BERTH_SECRET_ACCESS_KEY\`: see
[the command line](cli.md).
`;
}
