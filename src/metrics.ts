/**
 * Counters that cost an addition, rendered as Prometheus text when asked. (A client library's labelled histogram costs
 * a third of a whole manifest GET.)
 */
export class Metrics {
  readonly #families: Family[] = [];
  readonly #collectors: (() => Promise<void> | void)[] = [];

  counter(name: string, help: string): Values {
    return this.#add(name, help, "counter");
  }

  gauge(name: string, help: string): Values {
    return this.#add(name, help, "gauge");
  }

  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const histogram = new Histogram(name, bounds);
    this.#families.push({ name, help, type: "histogram", render: () => histogram.render() });
    return histogram;
  }

  /** Runs before every rendering, to set gauges. One that fails, or takes longer than a second, leaves them as they were. */
  collect(collector: () => Promise<void> | void): void {
    this.#collectors.push(collector);
  }

  /** Prometheus text exposition format 0.0.4. */
  async render(): Promise<string> {
    const collected = Promise.allSettled(this.#collectors.map(async (collector) => collector()));
    await orAfter(COLLECTORS_PATIENCE, collected);
    return this.#families
      .map(({ name, help, type, render }) => `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${render()}`)
      .join("");
  }

  #add(name: string, help: string, type: string): Values {
    const values = new Values(name);
    this.#families.push({ name, help, type, render: () => values.render() });
    return values;
  }
}

/** Milliseconds: figures are wanted most when what some of them ask for does not answer. */
const COLLECTORS_PATIENCE = 1_000;

async function orAfter(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly render: () => string;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };

/** A label as Prometheus text, whatever its value. */
export function label(name: string, value: string | number): string {
  return `${name}="${String(value).replace(/[\\"\n]/g, (character) => ESCAPES[character] ?? "")}"`;
}

/** A label whose values are few (routes, methods, statuses): each is written once. */
export class FewLabels {
  readonly #name: string;
  readonly #made = new Map<string | number, string>();

  constructor(name: string) {
    this.#name = name;
  }

  of(value: string | number): string {
    const made = this.#made.get(value);
    if (made !== undefined) return made;
    const text = label(this.#name, value);
    this.#made.set(value, text);
    return text;
  }
}

/** One number for each combination of labels; `labels` is what {@link label} gives, joined by commas. */
export class Values {
  readonly #name: string;
  readonly #values = new Map<string, number>();

  constructor(name: string) {
    this.#name = name;
  }

  add(amount = 1, labels = ""): void {
    this.#values.set(labels, (this.#values.get(labels) ?? 0) + amount);
  }

  set(value: number, labels = ""): void {
    this.#values.set(labels, value);
  }

  render(): string {
    return [...this.#values].map(([labels, value]) => `${this.#name}${braces(labels)} ${value}\n`).join("");
  }
}

export class Histogram {
  readonly #name: string;
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, { buckets: Float64Array; sum: number }>();

  constructor(name: string, bounds: readonly number[]) {
    this.#name = name;
    this.#bounds = bounds;
  }

  observe(value: number, labels = ""): void {
    let series = this.#series.get(labels);
    if (series === undefined) {
      series = { buckets: new Float64Array(this.#bounds.length + 1), sum: 0 };
      this.#series.set(labels, series);
    }
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket++;
    series.buckets[bucket] = (series.buckets[bucket] ?? 0) + 1;
    series.sum += value;
  }

  render(): string {
    let text = "";
    for (const [labels, { buckets, sum }] of this.#series) {
      let count = 0;
      for (const [index, amount] of buckets.entries()) {
        count += amount;
        const le = `le="${this.#bounds[index] ?? "+Inf"}"`;
        text += `${this.#name}_bucket${braces(labels === "" ? le : `${labels},${le}`)} ${count}\n`;
      }
      text += `${this.#name}_sum${braces(labels)} ${sum}\n${this.#name}_count${braces(labels)} ${count}\n`;
    }
    return text;
  }
}

function braces(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}
