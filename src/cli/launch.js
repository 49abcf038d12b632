#!/usr/bin/env node
// Plain JavaScript for whatever Node is on the machine: it finds a Node that can run Berth, then Berth.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as module from "node:module";
import { fileURLToPath } from "node:url";

const OLDEST = 24;

const sources = new URL("../main.ts", import.meta.url);
const built = new URL("../../dist/main.js", import.meta.url);

if (Number.parseInt(process.versions.node, 10) >= OLDEST) {
  module.enableCompileCache?.();
  const { main } = await import(existsSync(sources) ? sources.href : built.href);
  await main(process.argv.slice(2));
} else {
  runOnPinnedNode();
}

/** The runtime that npm installed with Berth runs this file again, in a process that gets our signals. */
function runOnPinnedNode() {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      `Berth needs Node ${OLDEST} or newer; this is ${process.versions.node}, and the one that comes with the package ` +
        "is not installed. Install without --omit=optional, on Linux x64 or arm64, or install a newer Node.",
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`${node} does not run: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}

function pinnedNode() {
  try {
    const require = module.createRequire(import.meta.url);
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}
