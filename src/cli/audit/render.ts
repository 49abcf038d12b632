import type { KeptRecord } from "../../audit/audit-log.ts";
import { printable } from "../printable.ts";

/** A record as one line for people: when, decision, action, resource, who, from where, request, and what else is known. */
export function renderRecord(record: KeptRecord): string {
  const { at, decision, action, resource, principal, sourceIp, requestId, reason, detail } = record;
  const parts = [
    ...[at.toISOString(), decision.padEnd(7), action, resource, `by ${principal}`],
    ...(sourceIp === "" ? [] : [`from ${sourceIp}`]),
    `request ${requestId}`,
    ...(reason === undefined ? detailOf(detail) : [`told ${JSON.stringify(reason)}`]),
  ];
  return printable(parts.join("  "));
}

function detailOf(detail: KeptRecord["detail"]): readonly string[] {
  return Object.keys(detail).length === 0 ? [] : [JSON.stringify(detail)];
}
