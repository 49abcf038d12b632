import type { Answer, ExplainedDenial } from "../../iam/explain/explainer.ts";
import type { Decisive } from "../../iam/policy/access.ts";
import type { ConsideredStatement, Explanation, Mismatch } from "../../iam/policy/explain.ts";
import type { Remedy } from "../../iam/policy/remedy.ts";
import type { ClaimMismatch } from "../../iam/sessions/refused-identity.ts";
import { printable } from "../printable.ts";

/** A decision and its reasons, for people. */
export function renderAnswer({ principal, action, resource, explanation, notes }: Answer): string {
  return lines([
    `principal  ${principal}`,
    `action     ${action}`,
    `resource   ${resource}`,
    "",
    ...verdictLines(explanation),
    ...notes.map((note) => `note: ${note}`),
    "",
    ...policyLines(explanation),
    ...remedyLines(explanation.remedies),
  ]);
}

/** A denial of the past, then what the policies of now say. */
export function renderDenial({ denial, now, gone }: ExplainedDenial): string {
  const { id, at, principal, accessKeyId, action, resource, sourceIp, userAgent, reason } = denial;
  const facts = lines([
    `decision   ${id}`,
    `at         ${at.toISOString()}`,
    `principal  ${principal}${accessKeyId === "" ? "" : ` (access key ${accessKeyId})`}`,
    `action     ${action}`,
    `resource   ${resource}`,
    `from       ${sourceIp}${userAgent === "" ? "" : `, ${printable(userAgent)}`}`,
    `told       ${printable(reason)}`,
    ...claimLines(denial.mismatch),
    "",
  ]);
  if (now === undefined) return `${facts}\n${gone}\n`;
  return `${facts}\nBy the policies of now:\n\n${renderAnswer(now)}`;
}

function claimLines(mismatch: ClaimMismatch | undefined): readonly string[] {
  if (mismatch === undefined) return [];
  const { claim, wanted, found } = mismatch;
  const shown = (values: readonly string[]): string => values.map(printable).join(", ") || "nothing";
  return [`claim      ${claim}: wanted ${shown(wanted)}; found ${shown(found)}`];
}

function verdictLines({ verdict }: Explanation): readonly string[] {
  const by = verdict.decidedBy === undefined ? [] : [`decided by ${decisiveName(verdict.decidedBy)}`];
  if (!verdict.allowed && verdict.unreadable !== undefined) return [`UNDECIDED  ${verdict.message}`];
  if (!verdict.allowed) return [`DENIED     ${verdict.message}`, ...by];
  return ["ALLOWED", ...(by.length > 0 ? by : ["the root of the owning account needs no policy"])];
}

function policyLines({ considered, verdict }: Explanation): readonly string[] {
  if (considered.length === 0) return ["No policy has a say.", ""];
  return considered.flatMap(({ role, policy, statements }) => [
    `${policy.label} (${ROLES[role]})`,
    ...unreadableLines(policy.document.unreadable),
    ...statements.flatMap((statement) => {
      const { decidedBy } = verdict;
      const decides = decidedBy?.policy === policy && decidedBy.statement === statement.index;
      return statementLines(statement, decides);
    }),
    "",
  ]);
}

function unreadableLines(why: string | undefined): readonly string[] {
  return why === undefined ? [] : [`  cannot be read: ${printable(why)}`];
}

const ROLES = {
  identity: "identity policy",
  boundary: "permissions boundary",
  session: "session policy",
  resource: "resource policy",
  trust: "trust policy",
} as const;

function statementLines(statement: ConsideredStatement, decides: boolean): readonly string[] {
  const { index, sid, effect, mismatches, delegates, uncompared, unknownActions = [] } = statement;
  const matches = mismatches.length === 0 && uncompared !== true;
  const said = [
    uncompared === true ? "was not compared" : matches ? "matches" : "does not match",
    ...(matches && delegates ? ["it hands the matter to the identity policies of the account"] : []),
    ...(decides ? ["it decides"] : []),
  ];
  const name = sid === undefined ? `statement ${index}` : `statement ${index} "${sid}"`;
  return [
    `  ${name} ${effect}: ${said.join(", ")}`,
    ...mismatches.map((each) => `    ${mismatchLine(each)}`),
    ...unknownActions.map((action) => `    Action: there is no ${printable(action)}; is it misspelt?`),
  ];
}

function mismatchLine(mismatch: Mismatch): string {
  const wanted = mismatch.wanted.join(", ");
  if (mismatch.element !== "Condition")
    return `${mismatch.element}: wanted ${wanted}; found ${mismatch.found}`;
  const found = mismatch.found.length === 0 ? "nothing" : mismatch.found.map(printable).join(", ");
  return `Condition ${mismatch.operator} ${mismatch.key}: wanted ${wanted}; found ${found}`;
}

function remedyLines(remedies: readonly Remedy[]): readonly string[] {
  return remedies.flatMap((remedy, at) => {
    if (remedy.change === "none") return ["No statement would allow it."];
    if (remedy.change === "simplify")
      return [`Comparing ${remedy.policy.label} takes too long: simplify its patterns.`];
    if (remedy.change === "replace") return [`Replace or delete ${remedy.policy.label}.`];
    if (remedy.change === "amend") {
      return [`No Allow helps against a Deny: change ${decisiveName(remedy.decisive)}`];
    }
    const intro = at === 0 ? "To allow it, add to" : "and to";
    return [`${intro} ${remedy.to}:`, indented(JSON.stringify(remedy.statement, null, 2))];
  });
}

function decisiveName({ policy, statement, sid }: Decisive): string {
  return `statement ${statement}${sid === undefined ? "" : ` "${sid}"`} of ${policy.label}`;
}

/** What a client wrote must not speak to the terminal. */
function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}

function lines(all: readonly string[]): string {
  return `${all.join("\n").trimEnd()}\n`;
}
