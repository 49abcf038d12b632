import { expect, test } from "vitest";
import { LoopWatch } from "../../src/http/loop-watch.ts";
import { Metrics } from "../../src/metrics.ts";

function watch() {
  const lines: unknown[] = [];
  const metrics = new Metrics();
  const log = { warn: (message: string, fields: unknown) => void lines.push([message, fields]) };
  const loop = new LoopWatch(log, metrics, { clock: 0, worked: 0 });
  return { lines, metrics, loop };
}

test("how late each look came is a histogram", async () => {
  const { loop, metrics, lines } = watch();
  loop.look({ clock: 20, worked: 1 });
  loop.look({ clock: 43, worked: 2 });
  loop.look({ clock: 133, worked: 90 });
  const text = await metrics.render();
  expect(text).toContain('berth_event_loop_delay_seconds_bucket{le="0.001"} 1\n');
  expect(text).toContain('berth_event_loop_delay_seconds_bucket{le="0.005"} 2\n');
  expect(text).toContain('berth_event_loop_delay_seconds_bucket{le="0.1"} 3\n');
  expect(text).toContain("berth_event_loop_delay_seconds_count 3\n");
  expect(lines).toEqual([]);
});

test("who was under way while the loop was held for long is told, the likeliest first", () => {
  const { loop, lines } = watch();
  const [old, ended, newest] = [
    { id: "1", route: "patchUpload" },
    { id: "2", route: "putManifest" },
    { id: "3", route: "unknown" },
  ];
  loop.entered({ ...old, id: "0" });
  for (const request of [old, ended, newest]) loop.entered(request);
  loop.left(ended);
  // What a request turned out to be is known only later.
  newest.route = "ecr.CreateRepository";
  loop.look({ clock: 270, worked: 240 });
  expect(lines).toEqual([
    [
      "event loop held",
      {
        ms: 250,
        routes: ["putManifest", "ecr.CreateRepository", "patchUpload"],
        requestIds: ["2", "3", "1", "0"],
        requests: 4,
      },
    ],
  ]);
});

test("who ended before the last look is not named", () => {
  const { loop, lines } = watch();
  const [before, after] = [
    { id: "1", route: "getBlob" },
    { id: "2", route: "putManifest" },
  ];
  for (const request of [before, after]) loop.entered(request);
  loop.left(before);
  loop.look({ clock: 20, worked: 0 });
  loop.look({ clock: 320, worked: 300 });
  expect(lines).toMatchObject([["event loop held", { routes: ["putManifest"], requests: 1 }]]);
});

test("a thread that was left without a processor is no request's fault", () => {
  const { loop, lines } = watch();
  loop.look({ clock: 1_000, worked: 5 });
  expect(lines).toEqual([]);
});
