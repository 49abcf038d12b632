import type { Command } from "commander";
import { doing } from "./command-line.ts";

/** `berth start`: `serve` resolves when a signal has ended it. */
export function addStart(parent: Command, serve: () => Promise<void>): void {
  parent
    .command("start")
    .summary("serve the registry (the default)")
    .description(
      "Serves the registry until SIGTERM or SIGINT ends it. Configuration comes from the environment; without any, " +
        "Berth listens on 127.0.0.1:5050 and keeps everything below ./data. See docs/configuration.md.",
    )
    .action(doing(serve));
}
