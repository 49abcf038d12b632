import { readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** Set by the launcher for the process that it starts in its place. */
const LAUNCHED = "BERTH_INTERNAL_LAUNCHED";
/** Milliseconds between two looks. */
const PAUSE = 500;
const SHELL = /^(?:sh|dash|bash|ash|busybox|zsh)$/;

/** A process by its id and the time it began, which together name it for good. */
interface Ancestor {
  readonly pid: number;
  readonly began: string;
}

/**
 * Sends SIGTERM to this process once a process is gone that was started to run it: the launcher, npm, or a shell between
 * them. They pass signals on, but cannot when they are killed. A shell or supervisor that started it directly is not
 * watched: whoever puts Berth into the background may leave.
 */
export function endWithParent(env: NodeJS.ProcessEnv): void {
  const { ppid } = process;
  const watched = ancestorsToWatch(env, ppid);
  delete env[LAUNCHED];
  if (watched.length === 0) return;
  const timer = setInterval(() => {
    if (process.ppid === ppid && watched.every(lives)) return;
    clearInterval(timer);
    process.kill(process.pid, "SIGTERM");
  }, PAUSE);
  timer.unref();
}

function ancestorsToWatch(env: NodeJS.ProcessEnv, ppid: number): readonly Ancestor[] {
  const chain: Ancestor[] = [];
  let pid = ppid;
  const climb = (): void => {
    const began = statOf(pid)?.began;
    if (began !== undefined) chain.push({ pid, began });
    pid = statOf(pid)?.ppid ?? 0;
  };
  if (env[LAUNCHED] !== undefined) climb();
  if (env["npm_lifecycle_event"] !== undefined) {
    if (isShell(pid)) climb();
    // Of a container the first process may be npm; it ends with everything in it.
    if (pid > 1) climb();
  }
  return chain;
}

function lives({ pid, began }: Ancestor): boolean {
  const now = statOf(pid);
  return now?.began === began && now.state !== "Z";
}

function isShell(pid: number): boolean {
  try {
    return SHELL.test(basename(readlinkSync(`/proc/${pid}/exe`)));
  } catch {
    return false;
  }
}

function statOf(pid: number): { state: string; ppid: number; began: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", ppid: Number(fields[1]), began: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
