import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { label, Metrics } from "../../src/metrics.ts";

describe("the text", () => {
  test("names each family with help and type, then its values", async () => {
    const metrics = new Metrics();
    const requests = metrics.counter("requests_total", "Requests by route.");
    const connections = metrics.gauge("connections", "Connections.");
    requests.add(1, label("route", "a"));
    requests.add(2, `${label("route", "a")},${label("status", 200)}`);
    requests.add(3, label("route", "a"));
    connections.set(7);
    connections.set(5);
    expect(await metrics.render()).toBe(`# HELP requests_total Requests by route.
# TYPE requests_total counter
requests_total{route="a"} 4
requests_total{route="a",status="200"} 2
# HELP connections Connections.
# TYPE connections gauge
connections 5
`);
  });

  test("of a family without values is its help and type", async () => {
    const metrics = new Metrics();
    metrics.counter("none_total", "Nothing.");
    expect(await metrics.render()).toBe("# HELP none_total Nothing.\n# TYPE none_total counter\n");
  });

  test("counts by one unless told otherwise", async () => {
    const metrics = new Metrics();
    const counter = metrics.counter("c_total", "C.");
    counter.add();
    counter.add();
    counter.add(0.5);
    expect(await metrics.render()).toMatch(/^c_total 2\.5$/m);
  });
});

describe("a collector", () => {
  test("sets gauges before they are shown", async () => {
    const metrics = new Metrics();
    const gauge = metrics.gauge("g", "G.");
    metrics.collect(async () => gauge.set(7));
    expect(await metrics.render()).toMatch(/^g 7$/m);
  });

  test("that fails, or does not answer within a second, holds up nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const metrics = new Metrics();
    metrics.gauge("g", "G.").set(5);
    metrics.collect(() => Promise.reject(new Error("away")));
    metrics.collect(() => new Promise(() => undefined));
    const rendered = metrics.render();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await rendered).toMatch(/^g 5$/m);
  });
});

describe("a label", () => {
  test.each([
    ["plain", 'x="plain"'],
    ['a "quoted" one', String.raw`x="a \"quoted\" one"`],
    ["a\\b", String.raw`x="a\\b"`],
    ["two\nlines", String.raw`x="two\nlines"`],
    ['"} 1\nevil_total{y="', String.raw`x="\"} 1\nevil_total{y=\""`],
  ])("%j is escaped", (value, text) => {
    expect(label("x", value)).toBe(text);
  });

  test("stays one line and one string, and can be read back", () => {
    const unescaped: Record<string, string> = { "\\n": "\n", "\\\\": "\\", '\\"': '"' };
    const value = fc.string({ unit: fc.constantFrom(...'\\"\n{},=ané') });
    fc.assert(
      fc.property(value, (text) => {
        const written = /^x="((?:[^"\\\n]|\\[\\"n])*)"$/.exec(label("x", text))?.[1];
        expect(written?.replace(/\\./g, (pair) => unescaped[pair] ?? "?")).toBe(text);
      }),
    );
  });
});

describe("a histogram", () => {
  test("has cumulative buckets whose bounds belong to them, a sum and a count", async () => {
    const metrics = new Metrics();
    const seconds = metrics.histogram("seconds", "Durations.", [0.1, 1, 10]);
    for (const value of [0.05, 0.1, 0.5, 1, 100]) seconds.observe(value, label("route", "a"));
    expect(await metrics.render()).toBe(`# HELP seconds Durations.
# TYPE seconds histogram
seconds_bucket{route="a",le="0.1"} 2
seconds_bucket{route="a",le="1"} 4
seconds_bucket{route="a",le="10"} 4
seconds_bucket{route="a",le="+Inf"} 5
seconds_sum{route="a"} 101.65
seconds_count{route="a"} 5
`);
  });

  test("keeps its series apart, also the one without labels", async () => {
    const metrics = new Metrics();
    const seconds = metrics.histogram("s", "S.", [1]);
    seconds.observe(2);
    seconds.observe(0.5, label("route", "a"));
    const text = await metrics.render();
    expect(text).toMatch('s_bucket{le="1"} 0\ns_bucket{le="+Inf"} 1\ns_sum 2\ns_count 1\n');
    expect(text).toMatch('s_bucket{route="a",le="1"} 1\ns_bucket{route="a",le="+Inf"} 1\n');
  });

  test("counts in each bucket what is not above its bound", async () => {
    const bounds = [1, 5, 20];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1 }), async (values) => {
        const metrics = new Metrics();
        const histogram = metrics.histogram("h", "H.", bounds);
        for (const value of values) histogram.observe(value);
        const text = await metrics.render();
        for (const bound of [...bounds, Number.POSITIVE_INFINITY]) {
          const count = values.filter((value) => value <= bound).length;
          expect(text).toMatch(
            `h_bucket{le="${bound === Number.POSITIVE_INFINITY ? "+Inf" : bound}"} ${count}\n`,
          );
        }
        expect(text).toMatch(
          `h_sum ${values.reduce((sum, value) => sum + value, 0)}\nh_count ${values.length}\n`,
        );
      }),
    );
  });
});

describe("collectors", () => {
  test("set their gauges before every rendering", async () => {
    const metrics = new Metrics();
    const gauge = metrics.gauge("depth", "Depth.");
    let depth = 1;
    metrics.collect(async () => gauge.set(depth++));
    expect(await metrics.render()).toMatch(/^depth 1$/m);
    expect(await metrics.render()).toMatch(/^depth 2$/m);
  });

  test("that fail leave their gauges and everything else as it was", async () => {
    const metrics = new Metrics();
    metrics.gauge("depth", "Depth.").set(3);
    metrics.collect(() => {
      throw new Error("at once");
    });
    metrics.collect(() => Promise.reject(new Error("later")));
    expect(await metrics.render()).toMatch(/^depth 3$/m);
  });
});
