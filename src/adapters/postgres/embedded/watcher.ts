import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { startTimeOf } from "./processes.ts";

/** Stops the server when this process dies, however it dies. */
export interface Watcher {
  /** The server to stop from now on. */
  watch(pid: number): Promise<void>;
  /** Ends the watcher; the server is no longer its concern. */
  stop(): void;
}

const RESTART_AFTER = 1_000;

/**
 * Reads "pid start-time" lines until their writer is gone, then ends the last one named, if it still is that process,
 * and removes the socket's folder.
 */
const SCRIPT = `
exec 2>/dev/null
trap '' HUP INT TERM
database=$1 folder=$2 pid= began=
while read -r p b; do pid=$p began=$b; done
lives() {
  [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd")" = "$database" ] || return 1
  stat=$(cat "/proc/$pid/stat") || return 1
  set -- \${stat##*) }
  [ "\${20}" = "$began" ]
}
waits() {
  left=$1
  while [ "$left" -gt 0 ] && lives; do sleep 0.1 || sleep 1; left=$((left - 1)); done
}
lives && kill -INT "$pid"
waits 200
lives && kill -QUIT "$pid"
waits 50
lives || rm -rf -- "$folder"
`;

/** Keeps a watcher running beside this process, in a session of its own. */
export function startWatcher(
  database: string,
  socketDir: string,
  onEvent: (message: string) => void,
): Watcher {
  let line = "";
  let stopped = false;
  let child = start();
  function start(): ReturnType<typeof spawn> {
    const started = spawn("/bin/sh", ["-c", SCRIPT, "berth-watcher", database, socketDir], {
      cwd: "/",
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    started.stdin?.on("error", () => undefined);
    started.on("error", (error) => onEvent(`the database's watcher cannot start: ${error.message}`));
    started.once("exit", () => {
      if (stopped) return;
      setTimeout(() => {
        if (!stopped) child = start();
      }, RESTART_AFTER).unref();
    });
    started.unref();
    (started.stdin as Socket | null)?.unref();
    if (line !== "") started.stdin?.write(line);
    return started;
  }
  return {
    async watch(pid) {
      line = `${pid} ${await startTimeOf(pid).catch(() => "")}\n`;
      child.stdin?.write(line);
    },
    stop() {
      stopped = true;
      child.kill("SIGKILL");
    },
  };
}
