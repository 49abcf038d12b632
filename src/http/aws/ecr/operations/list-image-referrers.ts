import type { ImageReferrer } from "../../../../aws-models/ecr.types.ts";
import { parseDigest } from "../../../../registry/digest.ts";
import { pageReferrers } from "../../../../registry/images/referrers.ts";
import { parseRepositoryName } from "../../../../registry/names.ts";
import type { ReferrerRow } from "../../../../registry/ports/index.ts";
import type { EcrHandler } from "../../call.ts";
import { isActive, noImages } from "../image-status.ts";
import { pageOf } from "../paging.ts";
import type { EcrPorts } from "../ports.ts";
import { arnIn, registryOf } from "../registry.ts";

/** Entries of a page when the client names no number. */
const PAGE_DEFAULT = 20;

/** Manifests that name a subject, oldest first. The permission is that of a pull, or the one that is called like this. */
export function listImageReferrers(
  ports: Pick<EcrPorts, "scopes" | "repositories" | "manifests" | "pageTokens">,
): EcrHandler<"ListImageReferrers"> {
  return async (call, input) => {
    const registry = registryOf(call, input);
    const name = parseRepositoryName(input.repositoryName);
    const subject = parseDigest(input.subjectId.imageDigest, "subjectId.imageDigest");
    const { artifactTypes = [], artifactStatus } = input.filter ?? {};
    const { maxResults = PAGE_DEFAULT, nextToken } = input;
    const filters = [name, subject, artifactStatus, ...artifactTypes];
    const wanted = pageOf(ports.pageTokens, call, registry, { maxResults, nextToken }, filters);
    const arn = arnIn(registry, name);
    await call.authorize(arn).catch(() => call.authorizeToo("ecr:BatchGetImage", arn));
    const scope = await ports.scopes.open(registry);
    if (!isActive(artifactStatus)) return { referrers: await noImages(ports, scope, name) };
    const page = await pageReferrers(ports, scope, name, {
      ...{ subject, artifactTypes, after: Number(wanted.after), limit: wanted.limit },
    });
    return {
      referrers: page.items.map(present),
      nextToken: wanted.token(page.next === undefined ? undefined : String(page.next)),
    };
  };
}

function present(row: ReferrerRow): ImageReferrer {
  const { digest, mediaType, artifactType, size, annotationsText } = row;
  return {
    ...{ digest, mediaType, artifactType, size, artifactStatus: "ACTIVE" },
    annotations: annotationsText === undefined ? undefined : JSON.parse(annotationsText),
  };
}
