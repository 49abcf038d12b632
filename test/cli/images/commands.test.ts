import { writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { LayoutBuilder } from "../../support/image-tars.ts";
import { useHarness } from "./harness.ts";

const harness = useHarness();

describe("the commands", () => {
  it.each([
    [[]],
    [["a.tar"]],
    [["a.tar", "localhost/app", "more"]],
    [["--nonsense", "a.tar", "localhost/app"]],
    [["a.tar", "app:1"]],
    [["a.tar", "localhost/App"]],
    [["--platform", "linux", "a.tar", "localhost/app"]],
  ])("end with 2 and the usage for import %j", async (argv) => {
    const ran = await harness.import(argv);
    expect(ran).toMatchObject({ code: 2, text: "" });
    expect(ran.errors).toMatch(/^berth: .*\nSee: berth import --help\n$/s);
  });

  it.each([
    [[]],
    [["localhost/app:1"]],
    [["--image", "x", "localhost/app:1", "a.tar"]],
    [["a.tar", "localhost/app:1"]],
  ])("end with 2 and the usage for export %j", async (argv) => {
    const ran = await harness.export(argv);
    expect(ran.code).toBe(2);
    expect(ran.errors).toMatch(/^berth: .*\nSee: berth export --help\n$/s);
  });

  it("explain themselves", async () => {
    expect(await harness.import(["--help"])).toMatchObject({ code: 0, errors: "" });
    expect((await harness.export(["-h"])).text).toMatch(/^Usage: berth export/);
  });

  it("are quiet when asked", async () => {
    const layout = new LayoutBuilder();
    await writeFile(harness.path("a.tar"), await layout.root(await layout.image("app")).tar());
    const target = `${harness.registry.host}/app:1`;
    expect((await harness.import(["-q", harness.path("a.tar"), target])).errors).toBe("");
    expect((await harness.export(["--quiet", target, "-"])).errors).toBe("");
  });

  it("say what is wrong with a CA file", async () => {
    const ran = await harness.export([
      "--ca-file",
      harness.path("none"),
      "localhost/app",
      harness.path("x.tar"),
    ]);
    expect(ran).toMatchObject({ code: 1 });
    expect(ran.errors).toMatch(/cannot read --ca-file/);
  });
});
