import type { KeptRecord } from "../../audit/audit-log.ts";
import { printable } from "../printable.ts";

/** A record as one line for people: when, decision, action, resource, who, from where, request, and what else is known. */
export function renderRecord(record: KeptRecord): string {
  const { at, decision, action, resource, sourceIp, requestId, reason, detail } = record;
  const parts = [
    ...[at.toISOString(), decision.padEnd(7), action, resource, `by ${whoOf(record)}`],
    ...(sourceIp === "" ? [] : [`from ${sourceIp}`]),
    `request ${requestId}`,
    ...(reason === undefined ? detailOf(detail) : [`told ${JSON.stringify(reason)}`, ...othersOf(detail)]),
  ];
  return printable(parts.join("  "));
}

/** Of whom nothing was proven, the key that was named is what is known. */
function whoOf({ principal, accessKeyId }: KeptRecord): string {
  return principal === "anonymous" && accessKeyId !== undefined
    ? `${principal} naming ${accessKeyId}`
    : principal;
}

/** How many a record stands for. */
function othersOf({ repeated, since }: KeptRecord["detail"]): readonly string[] {
  return repeated === undefined ? [] : [`${repeated} times since ${since}`];
}

function detailOf(detail: KeptRecord["detail"]): readonly string[] {
  return Object.keys(detail).length === 0 ? [] : [JSON.stringify(detail)];
}
