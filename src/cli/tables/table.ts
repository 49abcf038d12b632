import { styleText } from "node:util";
import type { Io } from "../io.ts";
import { printable } from "../printable.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  /** Characters, where more rows may come than these; else as wide as the widest. */
  readonly width?: number;
}

const GAP = "  ";

/** Rows below each other under bold titles (on a terminal alone). Text of others cannot move the cursor. */
export function tableOf(io: Io, columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = widthsOf(columns, rows);
  return `${titlesOf(io, columns, widths)}${linesOf(columns, widths, rows)}`;
}

/** The titles of a table whose rows come later, by {@link rowsOf}. */
export function headOf(io: Io, columns: readonly Column[]): string {
  return titlesOf(io, columns, widthsOf(columns, []));
}

/** Rows below {@link headOf}. */
export function rowsOf(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  return linesOf(columns, widthsOf(columns, []), rows);
}

/** Bold on a terminal. */
export function bold(io: Io, text: string): string {
  return io.stdout.isTTY === true ? styleText("bold", text, { stream: io.stdout }) : text;
}

function widthsOf(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly number[] {
  return columns.map(({ title, width = 0 }, at) =>
    rows.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), Math.max(title.length, width)),
  );
}

function titlesOf(io: Io, columns: readonly Column[], widths: readonly number[]): string {
  return `${bold(
    io,
    lineOf(
      columns,
      widths,
      columns.map(({ title }) => title),
    ),
  )}\n`;
}

function linesOf(
  columns: readonly Column[],
  widths: readonly number[],
  rows: readonly (readonly string[])[],
): string {
  return rows.map((row) => `${lineOf(columns, widths, row)}\n`).join("");
}

function lineOf(columns: readonly Column[], widths: readonly number[], cells: readonly string[]): string {
  const line = columns.map(({ right = false }, at) => {
    const [text, width] = [printable(cells[at] ?? ""), widths[at] ?? 0];
    return right ? text.padStart(width) : text.padEnd(width);
  });
  return line.join(GAP).trimEnd();
}
