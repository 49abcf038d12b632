import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
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

test("figures that are asked for while a process dies end nothing", () =>
  withDataDir(async (dataDir) => {
    const berth = await startBerthProcess({ dataDir, env: { WEB_CONCURRENCY: "3" } });
    for (let round = 0; round < 2; round++) {
      const [pid = 0] = await pidsOf(berth.pid);
      const scrapes: Promise<unknown>[] = [];
      for (let count = 0; count < 40; count++) {
        // Node loses a connection that was on its way to the process that died.
        const signal = AbortSignal.timeout(3_000);
        scrapes.push(berth.fetch("/metrics", { signal }).then((answer) => answer.text()));
        if (count === 20) process.kill(pid, "SIGKILL");
      }
      await Promise.allSettled(scrapes);
      await expect.poll(() => pidsOf(berth.pid), { timeout: 10_000 }).toHaveLength(3);
    }
    const ready = () =>
      berth.fetch("/readyz", { signal: AbortSignal.timeout(3_000) }).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(ready, { timeout: 10_000 }).toBe(200);
    expect(await berth.end("SIGTERM")).toBe(0);
  }));

test("a start of several processes that fails leaves none behind", () =>
  withDataDir(async (dataDir) => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const env = { WEB_CONCURRENCY: "2", BERTH_LISTEN: `127.0.0.1:${port}` };
    await expect(startBerthProcess({ dataDir, env })).rejects.toThrow(/berth: .*EADDRINUSE/);
    other.close();
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
