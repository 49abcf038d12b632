import { readdir, readFile } from "node:fs/promises";
import { label, type Metrics } from "../metrics.ts";
import { version } from "../version.ts";

/** Bytes of a page, in which Linux gives sizes of memory. */
const PAGE = 4_096;

/** Which build this is, and what its process uses, by the names that Prometheus has for it; what Linux alone tells is left out elsewhere. */
export function observeProcess(metrics: Metrics): void {
  const build = metrics.gauge("berth_build_info", "Version of this Berth and of its Node; always 1.");
  build.set(1, `${label("version", version())},${label("node", process.version)}`);
  const started = metrics.gauge("process_start_time_seconds", "Start of the process, in seconds since 1970.");
  started.set(performance.timeOrigin / 1000);
  const cpu = metrics.counter(
    "process_cpu_seconds_total",
    "Seconds of processor time, all threads together.",
  );
  const resident = metrics.gauge("process_resident_memory_bytes", "Resident memory of the process.");
  const virtual = metrics.gauge("process_virtual_memory_bytes", "Virtual memory of the process.");
  const open = metrics.gauge("process_open_fds", "File descriptors in use.");
  const most = metrics.gauge("process_max_fds", "File descriptors that may be in use.");
  metrics.collect(async () => {
    const { user, system } = process.cpuUsage();
    cpu.set((user + system) / 1e6);
    resident.set(process.memoryUsage.rss());
    virtual.set(Number((await readFile("/proc/self/statm", "utf8")).split(" ", 1)[0]) * PAGE);
    open.set((await readdir("/proc/self/fd")).length);
    most.set(openFilesMax(await readFile("/proc/self/limits", "utf8")));
  });
}

/** The soft limit, `unlimited` included. */
function openFilesMax(limits: string): number {
  return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}
