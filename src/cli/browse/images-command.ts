import { type Command, InvalidArgumentError, Option } from "commander";
import { doing } from "../command-line.ts";
import { type EcrApi, openEcrApi } from "../ecr-api/client.ts";
import { shortDigest } from "../images/progress.ts";
import type { WrittenReference } from "../images/reference.ts";
import { type Io, writeJsonLine } from "../io.ts";
import { formatAge } from "../tables/age.ts";
import { formatSize } from "../tables/size.ts";
import { type Column, headOf, rowsOf } from "../tables/table.ts";
import { type ImageRow, imageRowOf, kindOf } from "./image-row.ts";
import { hostOf, repositoryArgument } from "./reference.ts";

interface ImagesOptions {
  readonly tagged?: boolean;
  readonly untagged?: boolean;
  readonly limit?: number;
  readonly digests?: boolean;
  readonly json?: boolean;
}

/** Images of a page of the API. */
const PAGE = 1_000;
/** Tags of an image that a line shows. */
const TAGS_SHOWN = 10;

/** `berth images`. */
export function addImages(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  parent
    .command("images")
    .summary("what a repository holds, newest first")
    .description(
      "Shows the images of a repository, newest first: by the ECR API, with your own credentials. Manifests of a platform " +
        "that an index lists, and what refers to an image, are images too.",
    )
    .argument(
      "<repository>",
      "[HOST/]REPO; the host may be left out when one is configured",
      repositoryArgument,
    )
    .addOption(new Option("--tagged", "those with a tag alone").conflicts("untagged"))
    .option("--untagged", "those without one alone")
    .option("--limit <n>", "the newest n alone", limitValue)
    .option("--digests", "digests in full")
    .option("--json", "an image a line, as JSON")
    .action(
      doing(async (reference: WrittenReference, options: ImagesOptions) => {
        const api = await openEcrApi(await hostOf(reference, env), env, io.signal);
        await show(api, reference.repository, options, io);
      }),
    );
}

async function show(api: EcrApi, repositoryName: string, options: ImagesOptions, io: Io): Promise<void> {
  const { digests = false, json = false } = options;
  const columns = columnsOf(digests);
  let isFirst = true;
  for await (const page of pagesOf(api, repositoryName, options)) {
    if (json) for (const row of page) writeJsonLine(io, row);
    else {
      if (isFirst) io.stdout.write(headOf(io, columns));
      const now = new Date();
      io.stdout.write(
        rowsOf(
          columns,
          page.map((row) => cellsOf(row, digests, now)),
        ),
      );
    }
    isFirst = false;
  }
}

async function* pagesOf(
  api: EcrApi,
  repositoryName: string,
  { tagged = false, untagged = false, limit = Number.POSITIVE_INFINITY }: ImagesOptions,
): AsyncGenerator<readonly ImageRow[]> {
  const filter =
    tagged || untagged ? { tagStatus: tagged ? ("TAGGED" as const) : ("UNTAGGED" as const) } : {};
  let left = limit;
  for (let nextToken: string | undefined; left > 0; ) {
    const page = await api.call("DescribeImages", {
      ...{ repositoryName, filter, maxResults: Math.min(PAGE, left) },
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    const rows = (page.imageDetails ?? []).map(imageRowOf);
    yield rows;
    left -= rows.length;
    nextToken = page.nextToken;
    if (nextToken === undefined) return;
  }
}

function columnsOf(digests: boolean): readonly Column[] {
  return [
    { title: "DIGEST", width: digests ? 71 : 19 },
    { title: "KIND", width: 8 },
    { title: "SIZE", width: 8, right: true },
    { title: "PUSHED", width: 8, right: true },
    { title: "PULLED", width: 8, right: true },
    { title: "TAGS" },
  ];
}

function cellsOf(row: ImageRow, digests: boolean, now: Date): readonly string[] {
  const ageOf = (time: string | null): string => formatAge(time === null ? undefined : new Date(time), now);
  const more = row.tags.length - TAGS_SHOWN;
  const tags = row.tags.slice(0, TAGS_SHOWN).join(", ");
  return [
    ...[digests ? row.digest : shortDigest(row.digest), kindOf(row), formatSize(row.size)],
    ...[ageOf(row.pushedAt), ageOf(row.pulledAt), more > 0 ? `${tags} and ${more} more` : tags],
  ];
}

/** For an option's value. @throws InvalidArgumentError */
function limitValue(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number from 1.");
}
