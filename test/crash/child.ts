import { startNode } from "../../src/composition/node.ts";
import { openState } from "../../src/composition/state.ts";
import { openStorage } from "../../src/composition/storage.ts";
import { readConfig } from "../../src/config.ts";
import type { Log } from "../../src/log.ts";
import type { ChildOrder, ChildSettings } from "../support/crash/child-process.ts";
import { steppingDatabase } from "../support/crash/stepping-database.ts";
import { stepThroughDescriptors } from "../support/crash/stepping-descriptors.ts";
import { steppingStorage } from "../support/crash/stepping-storage.ts";
import { Steps } from "../support/crash/steps.ts";

// The real server as a process of its own, which dies at the step that it is told.
const { env, connection, isAlone, trace }: ChildSettings = JSON.parse(process.argv[2] ?? "{}");
const steps = new Steps();
const log: Log = {
  info: () => undefined,
  warn: () => undefined,
  error: (message, fields) => console.error(message, JSON.stringify(fields)),
  flush: () => undefined,
  dropped: () => 0,
};
const config = readConfig(env);
const state = await openState(config, connection, log);
const storage = await openStorage(config);
if (trace !== undefined) stepThroughDescriptors(`${config.dataDir}/blobs`, trace, steps);
const node = await startNode(
  config,
  { ...state, isAlone, database: steppingDatabase(state.database, steps) },
  steppingStorage(storage, steps),
  log,
);
process.on("message", (order: ChildOrder) => {
  if (order.kind === "arm") steps.arm(order.point);
  process.send?.({ kind: "done", reached: steps.reached });
});
process.on("disconnect", () => process.exit());
process.send?.({ kind: "listening", url: node.url });
