import type { PolicyKind } from "../../../iam/policy/kinds.ts";
import type { AwsPolicies } from "../../../iam/principals/aws-policies.ts";
import type { Tags } from "../../../iam/principals/entity.ts";
import { NO_ORGANIZATIONS, type Organizations } from "../../../iam/principals/organizations.ts";
import type {
  AccountVersion,
  PolicyTextStore,
  PrincipalPolicies,
  PrincipalPolicyStore,
} from "../../../iam/principals/principal-policies.ts";
import type { StoredPolicies, WantedPolicy } from "../../../iam/principals/stored-policies.ts";
import type { Database } from "../database.ts";
import { LOAD_PRINCIPAL, type PrincipalRow } from "./principal-policies-query.ts";

const VERSIONS = {
  name: "account_versions",
  text: "SELECT id, policy_version AS version, disabled FROM accounts WHERE id = ANY($1)",
};

/** What decisions need to know about principals. */
export function postgresPrincipalPolicies(
  database: Database,
  aws: AwsPolicies,
  stored: StoredPolicies,
  organizations: Organizations = NO_ORGANIZATIONS,
): PrincipalPolicyStore & PolicyTextStore {
  return {
    async load({ account, uniqueId, accessKeyId }, at) {
      const [row] = await database.run<PrincipalRow>(LOAD_PRINCIPAL, [account, uniqueId, accessKeyId, at]);
      if (row?.live !== true) return undefined;
      return { ...(await toPolicies(account, row, aws, stored)), organization: organizations.of(account) };
    },
    async texts({ account, uniqueId }) {
      const [row] = await database.run<PrincipalRow>(LOAD_PRINCIPAL, [account, uniqueId, undefined, NEVER]);
      return row === undefined ? new Map() : textsOf(row, aws);
    },
    async versions(accounts) {
      const rows = await database.read<{ id: string } & AccountVersion>(VERSIONS, [accounts]);
      return new Map(rows.map(({ id, version, disabled }) => [id, { version, disabled }]));
    },
  };
}

/** Of no session, none is over. */
const NEVER = new Date(0);

function inlineLabel({ kind, holder, name }: PrincipalRow["inline_policies"][number]): string {
  return `inline policy ${name} of ${kind} ${holder}`;
}

function textsOf(row: PrincipalRow, aws: AwsPolicies): ReadonlyMap<string, string> {
  const boundary =
    row.boundary_arn === null ? [] : [{ arn: row.boundary_arn, document: row.boundary_document }];
  const managed = [...row.attached_policies, ...boundary];
  return new Map([
    ...row.inline_policies.map((policy) => [inlineLabel(policy), policy.document] as const),
    ...managed.map(({ arn, document }) => [arn, document ?? aws.find(arn)?.document ?? ""] as const),
  ]);
}

/** What a root may do that vouches for a federated user. */
const EVERYTHING = { arn: "arn:aws:iam::aws:policy/AdministratorAccess", document: null };

async function toPolicies(
  account: string,
  row: PrincipalRow,
  aws: AwsPolicies,
  stored: StoredPolicies,
): Promise<PrincipalPolicies> {
  const managed =
    (kind: PolicyKind) =>
    ({ arn, document }: { readonly arn: string; readonly document: string | null }): WantedPolicy => ({
      ...{ label: arn, stored: { kind, account } },
      text: document ?? aws.find(arn)?.document,
    });
  const inline = row.inline_policies.map((policy) => ({
    label: inlineLabel(policy),
    ...{ stored: { kind: "identity", account } as const, text: policy.document },
  }));
  const identity = await stored.attachedInTurns([
    ...(row.session_kind === "federated-user" && row.unique_id === null
      ? [managed("identity")(EVERYTHING)]
      : []),
    ...inline,
    ...row.attached_policies.map(managed("identity")),
  ]);
  const session = await stored.attachedInTurns([
    ...(row.session_policy === null
      ? []
      : [
          {
            label: "policy of the session",
            ...{ stored: { kind: "session", account } as const, text: row.session_policy },
          },
        ]),
    ...row.session_policies.map(managed("session")),
  ]);
  const { boundary_arn: arn, boundary_document: document } = row;
  const [boundary] =
    arn === null ? [] : await stored.attachedInTurns([managed("boundary")({ arn, document })]);
  return {
    version: row.version,
    ...{ identity, boundary, session },
    tags: mergedTags(row.entity_tags, row.session_tags),
    sessionFacts:
      row.issued_at === null || row.expires_at === null
        ? undefined
        : {
            issuedAt: row.issued_at,
            expiresAt: row.expires_at,
            mfaAt: row.mfa_at ?? undefined,
            sourceIdentity: row.source_identity ?? undefined,
            federatedProvider: row.federated_provider ?? undefined,
          },
  };
}

/** "Session tags override principal tags with the same key", whatever its letter case (STS, session tags). */
function mergedTags(own: Tags | null, session: Tags | null): Tags {
  const given = new Set(Object.keys(session ?? {}).map((key) => key.toLowerCase()));
  const kept = Object.entries(own ?? {}).filter(([key]) => !given.has(key.toLowerCase()));
  return { ...Object.fromEntries(kept), ...session };
}
