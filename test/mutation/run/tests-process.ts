import { relative, resolve } from "node:path";
import { createVitest, type TestCase, type TestModule } from "vitest/node";
import type { Outcome, Run, TestFile } from "./messages.ts";
import { Template } from "./template.ts";

/** The files of one run as they end. A failure ends the run, unless all are wanted: its file may not end any more then. */
class Watch {
  files: TestFile[] = [];
  all = false;

  onTestCaseResult(test: TestCase): void {
    if (test.result().state !== "failed" || this.all) return;
    this.#add(test.module, test.fullName, test.result().errors?.[0]?.message);
    void vitest.cancelCurrentRun("test-failure");
  }

  onTestModuleEnd(module: TestModule): void {
    const failed = [...module.children.allTests("failed")].at(0);
    const error = failed?.result().errors?.[0]?.message ?? module.errors().at(0)?.message;
    const failure = failed?.fullName ?? error ?? (module.state() === "failed" ? "a hook failed" : undefined);
    this.#add(module, failure, error);
  }

  #add(module: TestModule, failure: string | undefined, error = ""): void {
    const times = module.diagnostic();
    const milliseconds = times.duration + times.collectDuration + times.setupDuration + times.prepareDuration;
    const test = relative(process.cwd(), module.moduleId);
    const timedOut = /timed out in \d+ms/.test(error);
    const passed = failure === undefined;
    this.files.push({ test, milliseconds, passed, ...(failure ? { failure, timedOut } : {}) });
  }
}

const watch = new Watch();
const vitest = await createVitest("test", {
  ...{ config: "test/mutation/vitest.config.ts", watch: false, reporters: [watch], silent: true },
  maxWorkers: Number(process.env["BERTH_MUTATION_WORKERS"] ?? 2),
});
await vitest.standalone();
const template = await Template.open(vitest);
/** Where each test file is run. */
const specifications = Map.groupBy(await vitest.globTestSpecifications(), ({ moduleId }) => moduleId);

process.on("message", (run: Run) => {
  void answer(run).then((outcome) => process.send?.(outcome));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

async function answer({ changed, groups, all = false }: Run): Promise<Outcome> {
  Object.assign(watch, { files: [], all });
  const errors: string[] = [];
  for (const file of changed) {
    vitest.invalidateFile(resolve(file));
    if (file.endsWith(".sql")) await template.follow(file).catch((error) => errors.push(error.message));
  }
  if (errors.length > 0) return { files: [], errors };
  for (const group of groups) {
    const chosen = group.flatMap((test) => specifications.get(resolve(test)) ?? []);
    const { unhandledErrors } = await vitest.runTestSpecifications(chosen);
    errors.push(
      ...unhandledErrors.map((error) => (error instanceof Error ? error.message : JSON.stringify(error))),
    );
    if (!all && (errors.length > 0 || watch.files.some(({ passed }) => !passed))) break;
  }
  return { files: watch.files, errors };
}
