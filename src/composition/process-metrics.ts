import cluster, { type Worker } from "node:cluster";

/** Milliseconds that a process has to give its figures; one that is late is left out. */
const PATIENCE = 2_000;

type Message =
  | { readonly metrics: "wanted" | "ask"; readonly id: number }
  | { readonly metrics: "part" | "whole"; readonly id: number; readonly text: string };

function isMessage(message: unknown): message is Message {
  return typeof message === "object" && message !== null && "metrics" in message;
}

/** To a process that may be gone by now, or on its way: then nobody needs the message. */
function tell(receiver: Pick<Worker, "send"> | NodeJS.Process, message: Message): void {
  receiver.send?.(message, undefined, undefined, () => undefined);
}

/**
 * Figures of all processes of the node, whichever of them is asked. Where there is one process, its own.
 * Call it once: it also answers for this process when another one is asked.
 */
export function shareMetrics(own: () => Promise<string>): () => Promise<string> {
  if (!cluster.isWorker) return own;
  const waiting = new Map<number, (text: string) => void>();
  let asked = 0;
  process.on("message", (message: unknown) => {
    if (!isMessage(message)) return;
    if (message.metrics === "ask") {
      void own().then((text) => tell(process, { metrics: "part", id: message.id, text }));
    } else if (message.metrics === "whole") {
      waiting.get(message.id)?.(message.text);
    }
  });
  return async () => {
    const id = ++asked;
    const whole = new Promise<string>((resolve) => waiting.set(id, resolve));
    tell(process, { metrics: "wanted", id });
    return orAfter(PATIENCE * 2, whole, own).finally(() => waiting.delete(id));
  };
}

/** In the primary: gathers the figures of all processes for the one that wants them. */
export function gatherMetrics(): void {
  let round = 0;
  cluster.on("message", (worker, message: unknown) => {
    if (!isMessage(message) || message.metrics !== "wanted") return;
    void gather(++round).then((text) => tell(worker, { metrics: "whole", id: message.id, text }));
  });
}

async function gather(id: number): Promise<string> {
  const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  const parts = await Promise.all(workers.map((worker) => ask(worker, id)));
  return mergeMetrics(
    parts.flatMap((text, at) => (text === "" ? [] : [{ process: workers[at]?.id ?? 0, text }])),
  );
}

function ask(worker: Worker, id: number): Promise<string> {
  const listening = new AbortController();
  const part = new Promise<string>((resolve) => {
    const hear = (message: unknown): void => {
      if (isMessage(message) && message.metrics === "part" && message.id === id) resolve(message.text);
    };
    const leave = (): void => resolve("");
    worker.on("message", hear).on("disconnect", leave);
    listening.signal.addEventListener("abort", () => worker.off("message", hear).off("disconnect", leave));
    tell(worker, { metrics: "ask", id });
  });
  return orAfter(PATIENCE, part, async () => "").finally(() => listening.abort());
}

async function orAfter(
  milliseconds: number,
  work: Promise<string>,
  otherwise: () => Promise<string>,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  const text = await Promise.race([work, late]).finally(() => clearTimeout(timer));
  return text ?? otherwise();
}

/** One exposition out of several: each family once, each series with the label `process`. */
export function mergeMetrics(parts: readonly { readonly process: number; readonly text: string }[]): string {
  const families = new Map<string, string[]>();
  for (const { process, text } of parts) {
    let family: string[] = [];
    for (const line of text.split("\n")) {
      if (line.startsWith("# HELP ")) {
        family = families.get(line) ?? [];
        families.set(line, family);
      }
      if (line.startsWith("# TYPE ") && family.length === 0) family.push(line);
      if (line !== "" && !line.startsWith("#")) family.push(withProcess(line, process));
    }
  }
  return [...families].map(([help, lines]) => `${[help, ...lines].join("\n")}\n`).join("");
}

function withProcess(line: string, process: number): string {
  const label = `process="${process}"`;
  const brace = line.indexOf("{");
  if (brace >= 0) return `${line.slice(0, brace + 1)}${label},${line.slice(brace + 1)}`;
  const blank = line.indexOf(" ");
  return `${line.slice(0, blank)}{${label}}${line.slice(blank)}`;
}
