import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { startBerthProcess, withDataDir } from "../support/process.ts";

test("several processes serve one port, share their figures, and one that dies is replaced", () =>
  withDataDir(async (dataDir) => {
    const berth = await startBerthProcess({ dataDir, env: { WEB_CONCURRENCY: "2" } });
    for (let request = 0; request < 10; request++) expect((await berth.fetch("/v2/")).status).toBe(200);
    const figures = await (await berth.fetch("/metrics")).text();
    const pings = [
      ...figures.matchAll(/^berth_http_requests_total\{process="\d+",route="ping".*\} (\d+)$/gm),
    ];
    expect(pings.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(10);
    expect(figures.match(/^# TYPE berth_http_requests_total counter$/gm)).toHaveLength(1);

    const serving = await pidsOf(berth.pid);
    process.kill(serving[0] ?? 0, "SIGKILL");
    const ping = (): Promise<number> =>
      berth.fetch("/v2/").then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(ping).toBe(200);
    await expect.poll(async () => (await pidsOf(berth.pid)).length, { timeout: 10_000 }).toBe(2);
    expect(await berth.end("SIGTERM")).toBe(0);
  }));

/** Processes of Berth itself below a process. */
async function pidsOf(parent: number): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const children = await Promise.all(
    pids.map(async (pid) => {
      const [stat, command] = await Promise.all([
        readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""),
        readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
      ]);
      const ppid = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return ppid === parent && command.includes("launch.js") ? [pid] : [];
    }),
  );
  return children.flat();
}
