export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row) => string;
}

/** A table that reads well in a terminal and is Markdown at the same time. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ title }, index) =>
    Math.max(3, title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.align)).join(" | ")} |`;
  const rule = columns.map(({ align }, index) => {
    const dashes = "-".repeat((widths[index] ?? 3) - 1);
    return align === "right" ? `${dashes}:` : `${dashes}-`;
  });
  return `${[line(columns.map(({ title }) => title)), line(rule), ...cells.map(line)].join("\n")}\n`;
}

function pad(text: string, width: number, align: "left" | "right" | undefined): string {
  return align === "right" ? text.padStart(width) : text.padEnd(width);
}
