import { type EcrApi, EcrError } from "../ecr-api/client.ts";

/** What refers to an image: a signature, a bill of materials. */
export interface Referrer {
  readonly digest: string;
  readonly mediaType: string;
  readonly artifactType: string | null;
  /** Bytes of the manifest. */
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Referrers of a page of the API. */
const PAGE = 50;
const REFERRERS_MAX = 1_000;

/** What refers to an image, oldest first, at most 1,000; `note` hears when there are more, or when nobody may know. */
export async function referrersOf(
  api: EcrApi,
  repositoryName: string,
  imageDigest: string,
  note: (text: string) => void,
): Promise<readonly Referrer[]> {
  const found: Referrer[] = [];
  try {
    for (let nextToken: string | undefined; ; ) {
      const page = await api.call("ListImageReferrers", {
        ...{ repositoryName, subjectId: { imageDigest }, maxResults: PAGE },
        ...(nextToken === undefined ? {} : { nextToken }),
      });
      for (const { digest, mediaType, artifactType, size, annotations } of page.referrers ?? []) {
        found.push({
          digest,
          mediaType,
          artifactType: artifactType ?? null,
          size,
          annotations: annotations ?? {},
        });
      }
      nextToken = page.nextToken;
      if (nextToken === undefined) return found;
      if (found.length >= REFERRERS_MAX) {
        note(`more than ${REFERRERS_MAX} refer to it; these are the oldest`);
        return found;
      }
    }
  } catch (error) {
    if (!(error instanceof EcrError)) throw error;
    note(`referrers are not shown: ${error.message}`);
    return found;
  }
}
