import { readdirSync, readFileSync } from "node:fs";

/** Ticks of /proc per second: USER_HZ, 100 on every Linux that Berth runs on. */
const TICKS = 100;

/** CPU seconds since some beginning. */
export interface CpuTimes {
  /** The server's processes, those that have ended included; undefined where they are not known. */
  readonly server: number | undefined;
  readonly generator: number;
  /** All processes of the machine, and what the hypervisor gave to others. */
  readonly machine: number;
}

/** @param roots first processes of the server */
export function readCpu(roots: readonly number[]): CpuTimes {
  const { user, system } = process.cpuUsage();
  return {
    server: roots.length === 0 ? undefined : serverSeconds(roots),
    generator: (user + system) / 1e6,
    machine: machineSeconds(),
  };
}

interface ProcessTimes {
  readonly parent: number;
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

function serverSeconds(roots: readonly number[]): number {
  const processes = readProcesses();
  const children = Map.groupBy(processes.keys(), (pid) => processes.get(pid)?.parent ?? 0);
  let ticks = 0;
  const open = [...roots];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const times = processes.get(pid);
    ticks += (times?.own ?? 0) + (times?.ended ?? 0);
    open.push(...(children.get(pid) ?? []));
  }
  return ticks / TICKS;
}

function readProcesses(): ReadonlyMap<number, ProcessTimes> {
  const processes = new Map<number, ProcessTimes>();
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (fields === undefined) continue;
    const [parent = 0, own, ended] = [fields[1], sum(fields.slice(11, 13)), sum(fields.slice(13, 15))];
    processes.set(Number(name), { parent, own, ended });
  }
  return processes;
}

/** Parent of a process; undefined when there is no such process. */
export function parentOf(pid: number): number | undefined {
  return statOf(pid)?.[1];
}

/** Numbers of /proc/PID/stat from the state on, which comes after a name that may hold anything. */
function statOf(pid: number): readonly number[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text
      .slice(text.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
  } catch {
    return undefined;
  }
}

function machineSeconds(): number {
  const [line = ""] = readFileSync("/proc/stat", "latin1").split("\n", 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
