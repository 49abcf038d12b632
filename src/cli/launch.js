#!/usr/bin/env node
// Plain JavaScript for whatever Node is on the machine: it finds a Node that can run Berth, then Berth.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import * as module from "node:module";
import { constants } from "node:os";
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

/** The runtime that npm installed with Berth runs this file again: in place of this process, else as its child. */
function runOnPinnedNode() {
  const node = pinnedNode();
  if (node === undefined) {
    console.error(
      `Berth needs Node ${OLDEST} or newer; this is ${process.versions.node}, and the one that comes with the package ` +
        "is not installed. Install without --omit=optional, on Linux x64 or arm64, or install a newer Node.",
    );
    process.exit(1);
  }
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  if (process.execve === undefined) runAsChild(node, args);
  else process.execve(node, [node, ...args], process.env);
}

/** A child that gets our signals, and that ends when this process does. */
function runAsChild(node, args) {
  const env = { ...process.env, BERTH_INTERNAL_LAUNCHED: "1" };
  const child = spawn(node, args, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`${node} does not run: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function pinnedNode() {
  try {
    const require = module.createRequire(import.meta.url);
    return require.resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return undefined;
  }
}
