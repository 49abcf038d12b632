import { cpus } from "node:os";
import type { Series } from "./measure/rounds.ts";
import { median, short } from "./measure/statistics.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { type Column, renderTable } from "./table.ts";
import type { Target } from "./targets/target.ts";

/** The peer that ratios are relative to, unless said. */
const REFERENCE = "distribution";

/** The table of a run, and below it what one must know to read it. */
export function renderResults(
  all: readonly Series[],
  targets: readonly Target[],
  rounds: number,
  reference: string = REFERENCE,
): string {
  const scenarios = [...new Set(all.map(({ scenario }) => scenario))];
  return [
    renderTable(columnsFor(all, reference), all),
    `${rounds === 1 ? "One round" : `Medians of ${rounds} alternating rounds`} on ${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}) that generator and server share. ` +
      "Server CPU: of all processes of the target, PostgreSQL among them, for one operation or one GB. " +
      "Generator, others: cores they took meanwhile; a row is to be trusted where others are near 0, " +
      "and is a lower bound where the generator is near 1.",
    "",
    ...targets.map(({ name, note }) => `- ${name}: ${note}.`),
    "",
    ...scenarios.map(describe),
    ...all.flatMap(failureOf),
    "",
  ].join("\n");
}

function describe({ name, about, users }: Scenario): string {
  return `- ${name}: ${about}; ${users} connection${users === 1 ? "" : "s"}.`;
}

function failureOf({ scenario, target, failure }: Series): readonly string[] {
  return failure === undefined ? [] : [`- ${scenario.name} failed on ${target.name}: ${failure}`];
}

function columnsFor(all: readonly Series[], name: string): readonly Column<Series>[] {
  const reference = new Map(
    all.filter(({ target }) => target.name === name).map((series) => [series.scenario, valueIn(series)]),
  );
  const right = (title: string, cell: (series: Series) => string): Column<Series> => ({
    ...{ title, cell, align: "right" },
  });
  return [
    { title: "scenario", align: "left", cell: ({ scenario }) => scenario.name },
    { title: "target", align: "left", cell: ({ target }) => target.name },
    right("median", (series) => (series.failure === undefined ? short(valueIn(series)) : "failed")),
    right("min–max", range),
    { title: "unit", align: "left", cell: ({ scenario }) => scenario.unit },
    right(`× ${name}`, (series) => ratio(valueIn(series), reference.get(series.scenario))),
    right("server CPU", serverCpu),
    right("generator", (series) => short(medianOf(series, "generatorCores"))),
    right("others", (series) => short(medianOf(series, "otherCores"))),
  ];
}

function valueIn(series: Series): number {
  return median(series.measurements.map(({ value }) => value));
}

function range({ measurements }: Series): string {
  if (measurements.length === 0) return "–";
  const values = measurements.map(({ value }) => value);
  return `${short(Math.min(...values))}–${short(Math.max(...values))}`;
}

function ratio(value: number, reference: number | undefined): string {
  if (reference === undefined || Number.isNaN(value / reference)) return "–";
  return (value / reference).toFixed(2);
}

function serverCpu(series: Series): string {
  const value = medianOf(series, "serverCpu");
  if (value === undefined) return "–";
  if (series.scenario.unit === "MB/s") return `${short(value)} s/GB`;
  return value < 0.001 ? `${short(value * 1e6)} µs` : `${short(value * 1e3)} ms`;
}

function medianOf(
  { measurements }: Series,
  key: "serverCpu" | "generatorCores" | "otherCores",
): number | undefined {
  const values = measurements.flatMap((measurement) => measurement[key] ?? []);
  return values.length === 0 ? undefined : median(values);
}
