import type { Io } from "../io.ts";
import { formatSize } from "../tables/size.ts";
import { type Column, tableOf } from "../tables/table.ts";

/** How much something holds, as the server says it. */
export interface Figures {
  readonly repositories: number;
  readonly images: number;
  readonly bytes: number;
  readonly savedBytes: number;
  readonly ownBytes: number;
  readonly unpulled: {
    readonly images: number;
    readonly bytes: number;
    readonly reclaimableBytes: number;
  } | null;
}

export interface Usage {
  readonly by: "repository" | "namespace";
  readonly namespace: string | null;
  readonly unpulledDays: number | null;
  readonly total: Figures;
  readonly lines: readonly (Figures & { readonly name: string })[];
  readonly more: boolean;
}

/** A report, for people: the largest first, everything together below. */
export function renderUsage(io: Io, usage: Usage): string {
  const { by, unpulledDays, total, lines, more } = usage;
  const figures: readonly Column[] = [
    ...(by === "namespace" ? ["REPOSITORIES"] : []),
    ...["IMAGES", "STORED", "SHARING SAVES", "ITS OWN"],
    ...(unpulledDays === null ? [] : [`UNPULLED ${unpulledDays}d`, "THEY HOLD", "WOULD FREE"]),
  ].map((title) => ({ title, right: true }));
  const rows = lines.map((line) => [line.name || "(none)", ...cellsOf(line, by)]);
  const name = by === "namespace" ? "NAMESPACE" : "REPOSITORY";
  const cut = more ? [["..."]] : [];
  return tableOf(io, [{ title: name }, ...figures], [...rows, ...cut, ["all", ...cellsOf(total, by)]]);
}

function cellsOf(
  { repositories, images, bytes, savedBytes, ownBytes, unpulled }: Figures,
  by: Usage["by"],
): readonly string[] {
  return [
    ...(by === "namespace" ? [String(repositories)] : []),
    ...[String(images), formatSize(bytes), formatSize(savedBytes), formatSize(ownBytes)],
    ...(unpulled === null
      ? []
      : [String(unpulled.images), formatSize(unpulled.bytes), formatSize(unpulled.reclaimableBytes)]),
  ];
}
