import type { Options } from "./options.ts";
import type { Verdict } from "./try.ts";

/** The score of every folder in percent, with the changes that no test noticed. */
export function renderReport(
  verdicts: readonly Verdict[],
  { threshold, seed }: Pick<Options, "threshold" | "seed">,
): { text: string; passed: boolean } {
  const scores = [...Map.groupBy(verdicts, ({ mutant }) => mutant.folder)].map(([folder, tried]) => {
    const noticed = tried.filter((verdict) => verdict.noticed).length;
    const seconds = tried.reduce((sum, verdict) => sum + verdict.seconds, 0);
    const all = tried[0]?.mutant.among ?? 0;
    return { folder, noticed, tried: tried.length, all, score: (100 * noticed) / tried.length, seconds };
  });
  const rows = scores.map(({ folder, noticed, tried, all, score, seconds }) =>
    [
      ...[folder.padEnd(30), `${noticed}/${tried}`.padStart(9), String(all).padStart(6)],
      ...[`${score.toFixed(1)} %`.padStart(8), `${seconds.toFixed(0)} s`.padStart(7)],
      ...(score < threshold ? [" below the threshold"] : []),
    ].join(" "),
  );
  const unnoticed = verdicts.filter(({ noticed }) => !noticed).map(renderSurvivor);
  const head = "Folder                           Noticed     Of    Score    Time";
  const text = [...unnoticed, "", head, ...rows, `Drawn by the seed ${seed}`, ""].join("\n");
  return { text, passed: scores.every(({ score }) => score >= threshold) };
}

function renderSurvivor({ mutant: { file, line, kind, name, before, after }, by }: Verdict): string {
  return `\n${file}:${line} not noticed (${kind}, ${name}; ${by})\n  - ${before}\n  + ${after}`;
}
