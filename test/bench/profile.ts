import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderTable } from "./table.ts";

/** What `--cpu-prof` writes, as far as it matters here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const SHOWN = 15;
const NOT_WORK = new Set(["(root)", "(program)", "(idle)"]);

/** Where the time of each profiled process went: functions by time of their own. */
export async function renderProfiles(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".cpuprofile")).sort();
  const texts = files.map(async (name) => {
    const profile = JSON.parse(await readFile(join(folder, name), "utf8")) as CpuProfile;
    return `${name}\n\n${renderProfile(profile)}`;
  });
  return (await Promise.all(texts)).join("\n");
}

function renderProfile({ nodes, samples, timeDeltas }: CpuProfile): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const own = new Map<string, number>();
  samples.forEach((id, index) => {
    const name = names.get(id) ?? "";
    own.set(name, (own.get(name) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const busy = [...own].filter(([name]) => !NOT_WORK.has(name)).sort(([, a], [, b]) => b - a);
  const total = busy.reduce((sum, [, time]) => sum + time, 0);
  return renderTable(
    [
      { title: "function", align: "left", cell: ([name]) => name },
      { title: "ms", align: "right", cell: ([, time]) => (time / 1000).toFixed(0) },
      { title: "% of JavaScript", align: "right", cell: ([, time]) => ((100 * time) / total).toFixed(1) },
    ],
    busy.slice(0, SHOWN),
  );
}

function nameOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName || "(anonymous)";
  if (url === "") return name;
  const path = url.startsWith("file:") ? fileURLToPath(url) : url;
  const place = /(?:node_modules|src)\/.*$/.exec(path)?.[0] ?? basename(path);
  return `${name} ${url.startsWith("node:") ? url : place}:${lineNumber + 1}`;
}
