import type { EventEnvelope } from "../../events/envelope.ts";
import { printable } from "../printable.ts";

/** An event as one line for people: when, what, and about what. */
export function renderEvent({ time, "detail-type": type, detail }: EventEnvelope): string {
  const text = (name: string): string => String(detail[name] ?? "");
  if (type.startsWith("ECR")) {
    const tag = detail["image-tag"] === undefined ? "" : `:${text("image-tag")}`;
    const from = detail["previous-image-digest"];
    const parts = [time, text("action-type"), `${text("repository-name")}${tag}`, text("image-digest")];
    const more = [
      ...(from === undefined ? [] : [`from ${from}`]),
      ...(type === "ECR Referrer Action" ? ["referrer"] : []),
    ];
    return printable([...parts, ...more].join("  "));
  }
  const { repositoryName = "" } = (detail["requestParameters"] ?? {}) as { repositoryName?: string };
  const { arn, invokedBy } = (detail["userIdentity"] ?? {}) as { arn?: string; invokedBy?: string };
  const parts = [time, text("eventName"), repositoryName, `by ${arn ?? invokedBy ?? "somebody"}`];
  return printable(parts.filter((part) => part !== "").join("  "));
}
