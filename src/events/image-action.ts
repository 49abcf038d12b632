import type { Change } from "./change.ts";
import type { EventBody } from "./event-body.ts";

/**
 * `ECR Image Action`, and `ECR Referrer Action` for what has a subject: one for each tag. A push by digest, and the
 * deletion of what had no tag, is told without one. `previous-image-digest` is ours: what a moved tag pointed at.
 */
export function imageDetails(change: Change): readonly EventBody[] {
  const { kind, detail } = change;
  const { moved = [], tags = [], tag } = detail;
  if (kind === "image.put") {
    const told = moved.map((move) => body(change, "PUSH", move.tag, move.from ?? undefined));
    return told.length > 0 ? told : [body(change, "PUSH")];
  }
  const gone = tag === undefined ? tags : [tag];
  return gone.length > 0 ? gone.map((each) => body(change, "DELETE", each)) : [body(change, "DELETE")];
}

function body(
  { detail: { repository, digest, mediaType, artifactType, subject } }: Change,
  action: "PUSH" | "DELETE",
  tag?: string,
  previous?: string,
): EventBody {
  return {
    detailType: subject === undefined ? "ECR Image Action" : "ECR Referrer Action",
    detail: {
      ...{ result: "SUCCESS", "repository-name": repository, "image-digest": digest, "action-type": action },
      ...(tag === undefined ? {} : { "image-tag": tag }),
      ...(previous === undefined ? {} : { "previous-image-digest": previous }),
      ...(mediaType === undefined ? {} : { "manifest-media-type": mediaType }),
      ...(artifactType === undefined ? {} : { "artifact-media-type": artifactType }),
    },
  };
}
