// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables look like placeholders.
import fc from "fast-check";
import type { OracleAccess, OracleCaller, OracleDocument, OracleStatement } from "./oracle.ts";

/** Random policies and requests from a small world, so that statements often match and often almost do. */

const [A, B] = ["111111111111", "222222222222"];
const ROLE = `arn:aws:iam::${A}:role/ci/deploy`;
const PROVIDER = `arn:aws:iam::${A}:oidc-provider/token.example.com`;

const CALLERS: readonly OracleCaller[] = [
  { kind: "user", account: A, arn: `arn:aws:iam::${A}:user/alice` },
  { kind: "user", account: A, arn: `arn:aws:iam::${A}:user/bob` },
  { kind: "user", account: B, arn: `arn:aws:iam::${B}:user/carol` },
  { kind: "session", account: A, arn: `arn:aws:sts::${A}:assumed-role/deploy/one`, role: ROLE },
  { kind: "session", account: A, arn: `arn:aws:sts::${A}:assumed-role/deploy/two`, role: ROLE },
  { kind: "root", account: A, arn: `arn:aws:iam::${A}:root` },
  { kind: "root", account: B, arn: `arn:aws:iam::${B}:root` },
  { kind: "service", service: "ecr.amazonaws.com" },
  { kind: "federated", provider: PROVIDER },
  { kind: "anonymous" },
];

const AWS_PRINCIPALS = [
  ...["*", A, B, `arn:aws:iam::${A}:root`, `arn:aws:iam::${B}:root`, ROLE],
  ...CALLERS.flatMap(({ kind, arn }) => (arn === undefined || kind === "root" ? [] : [arn])),
];
const ACTIONS = [
  ...[
    "ecr:PutImage",
    "ecr:BatchGetImage",
    "ecr:BatchGetImage",
    "ecr:CreateRepository",
    "ecr:GetAuthorizationToken",
  ],
  ...["ecr:SetRepositoryPolicy", "ECR:putimage", "iam:CreateUser"],
];
const ACTION_PATTERNS = [
  "*",
  "ecr:*",
  "ecr:Put*",
  "ECR:BATCHGETIMAGE",
  "ecr:*Image",
  "ecr:?utImage",
  "ecr:CreateRepository",
];
const repository = (name: string): string => `arn:aws:ecr:eu-north-1:${A}:repository/${name}`;
const RESOURCES = [repository("app"), repository("red/app"), repository("blue/app"), repository("a*c"), "*"];
const RESOURCE_PATTERNS = [
  ...["*", "*", repository("*"), repository("red/*"), repository("?pp"), "arn:aws:ecr:*:*:repository/*/app"],
  ...["arn:aws:ecr:*", "arn:aws:ecr:eu-north-1:*/app", repository("${aws:PrincipalTag/team}/app")],
  ...[repository("${aws:PrincipalTag/team, 'red'}/*"), repository("a${*}c"), repository("${aws:TagKeys}*")],
];

const TEXTS = ["red", "blue", "Red", "", "r*d", "app", "${$}", "a?c"];
const TEXT_PATTERNS = [
  ...TEXTS,
  "r*",
  "?ed",
  "*",
  "${aws:username}",
  "${aws:username, 'red'}",
  "r${*}d",
  "a${?}c",
];
const ADDRESSES = ["10.0.0.1", "10.0.1.1", "::ffff:10.0.0.1", "2001:db8::1", "2001:db8:0:1::1", "nonsense"];
const BLOCKS = [
  "10.0.0.0/24",
  "10.0.0.1",
  "0.0.0.0/0",
  "10.0.0.0/31",
  "2001:db8::/64",
  "2001:db8::1",
  "::/0",
  "10.0.0.0/16",
];
const DATES = [
  "2030-01-01T00:00:00Z",
  "2030-06-01T12:30:00+02:00",
  "1893456000",
  "2029",
  "2030-01",
  "2030-01-02",
];
const NUMBERS = ["1", "2", "2.0", "-3", "1e3", "1000", "0.5"];
const ARNS = [...AWS_PRINCIPALS.filter((each) => each.startsWith("arn:")), ...RESOURCES.slice(0, 4)];
const ARN_PATTERNS = [
  ...[
    ...ARNS,
    "*",
    `arn:aws:iam::*:user/*`,
    "arn:aws:iam::*:*",
    "arn:aws:*::*:*/?????",
    `arn:aws:iam::${A}:*`,
  ],
  "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}",
];
const BYTES = ["aGVsbG8=", "aGVsbG9v", ""];

/** Keys with what requests carry for them and what policies want of them. */
const FAMILIES = [
  {
    operators: ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike"],
    keys: ["aws:username", "aws:PrincipalTag/team"],
    wanted: TEXT_PATTERNS,
  },
  {
    operators: ["StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotEquals"],
    keys: ["aws:TagKeys", "AWS:UserName"],
    wanted: TEXT_PATTERNS,
  },
  { operators: ["IpAddress", "NotIpAddress"], keys: ["aws:SourceIp"], wanted: BLOCKS },
  {
    operators: ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"].map(
      (each) => `Date${each}`,
    ),
    keys: ["aws:CurrentTime"],
    wanted: DATES,
  },
  {
    operators: ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"].map(
      (each) => `Numeric${each}`,
    ),
    keys: ["aws:MultiFactorAuthAge"],
    wanted: NUMBERS,
  },
  {
    operators: ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
    keys: ["aws:PrincipalArn"],
    wanted: ARN_PATTERNS,
  },
  { operators: ["Bool"], keys: ["aws:SecureTransport"], wanted: ["true", "false", "TRUE"] },
  { operators: ["BinaryEquals"], keys: ["aws:Digest"], wanted: BYTES },
] as const;

const some = (values: readonly string[], maxLength = 2): fc.Arbitrary<string[]> =>
  fc.array(fc.constantFrom(...values), { minLength: 1, maxLength });
const oneOrMany = (values: readonly string[]): fc.Arbitrary<string | string[]> =>
  fc.oneof(fc.constantFrom(...values), some(values, 3));

const context: fc.Arbitrary<Record<string, string[]>> = fc.record(
  {
    "aws:UserName": some(TEXTS, 1),
    "aws:PrincipalTag/team": some(TEXTS, 1),
    "aws:TagKeys": fc.array(fc.constantFrom(...TEXTS), { maxLength: 3 }),
    "aws:SourceIp": some(ADDRESSES, 1),
    "aws:CurrentTime": some(DATES, 1),
    "aws:MultiFactorAuthAge": some([...NUMBERS, "old"], 1),
    "aws:PrincipalArn": some(ARNS, 1),
    "aws:PrincipalAccount": some([A, B], 1),
    "aws:SecureTransport": some(["true", "false"], 1),
    "aws:Digest": some(BYTES, 1),
  },
  { requiredKeys: [] },
);

const oneCondition = fc.oneof(
  ...FAMILIES.map(({ operators, keys, wanted }) =>
    fc
      .record({
        prefix: fc.oneof(
          { arbitrary: fc.constant(""), weight: 3 },
          fc.constantFrom("ForAllValues:", "ForAnyValue:"),
        ),
        operator: fc.constantFrom(...operators),
        suffix: fc.oneof({ arbitrary: fc.constant(""), weight: 3 }, fc.constant("IfExists")),
        key: fc.constantFrom(...keys),
        values: oneOrMany(wanted),
      })
      .map(({ prefix, operator, suffix, key, values }) => ({
        [`${prefix}${operator}${suffix}`]: { [key]: values },
      })),
  ),
  fc
    .record({
      key: fc.constantFrom("aws:TagKeys", "aws:username", "aws:SourceIp"),
      value: fc.constantFrom("true", "false"),
    })
    .map(({ key, value }) => ({ Null: { [key]: value } })),
);

const conditions = fc
  .array(oneCondition, { maxLength: 2 })
  .map((all) =>
    all.length === 0
      ? {}
      : { Condition: Object.assign({}, ...all) as Record<string, Record<string, unknown>> },
  );

const effect = fc.oneof(
  { arbitrary: fc.constant("Allow" as const), weight: 4 },
  { arbitrary: fc.constant("Deny" as const), weight: 1 },
);
const actionsOf = (patterns: readonly string[]) =>
  fc.oneof(
    { arbitrary: oneOrMany(patterns).map((Action) => ({ Action })), weight: 4 },
    { arbitrary: oneOrMany(patterns.slice(2)).map((NotAction) => ({ NotAction })), weight: 1 },
  );
const resources = fc.oneof(
  { arbitrary: oneOrMany(RESOURCE_PATTERNS).map((Resource) => ({ Resource })), weight: 4 },
  { arbitrary: oneOrMany(RESOURCE_PATTERNS.slice(3)).map((NotResource) => ({ NotResource })), weight: 1 },
);
const principal: fc.Arbitrary<unknown> = fc.oneof(
  fc.constant("*"),
  { arbitrary: oneOrMany(AWS_PRINCIPALS.slice(1)).map((AWS) => ({ AWS })), weight: 6 },
  fc.constant({ AWS: "*" }),
  fc.constant({ Service: "ecr.amazonaws.com", AWS: [B] }),
  fc.constant({ Federated: PROVIDER }),
);

function statement(...parts: fc.Arbitrary<object>[]): fc.Arbitrary<OracleStatement> {
  return fc
    .tuple(effect, conditions, ...parts)
    .map(([Effect, ...rest]) => Object.assign({ Effect }, ...rest) as OracleStatement);
}

/** A Deny may except principals instead of naming them. */
function withPrincipal(plain: fc.Arbitrary<OracleStatement>): fc.Arbitrary<OracleStatement> {
  return fc
    .tuple(plain, principal, fc.boolean())
    .map(([each, named, except]) =>
      each.Effect === "Deny" && except ? { ...each, NotPrincipal: named } : { ...each, Principal: named },
    );
}

function document(statements: fc.Arbitrary<OracleStatement>): fc.Arbitrary<OracleDocument> {
  return fc.record({
    Version: fc.constantFrom("2012-10-17", "2012-10-17", "2008-10-17"),
    Statement: fc.array(statements, { minLength: 1, maxLength: 3 }),
  });
}

const STS = ["sts:AssumeRole", "sts:*", "sts:Assume*", "STS:ASSUMEROLE"];
const identityDocument = document(statement(actionsOf([...ACTION_PATTERNS, ...STS]), resources));
const repositoryDocument = document(withPrincipal(statement(actionsOf(ACTION_PATTERNS))));
const registryDocument = document(
  withPrincipal(
    statement(
      actionsOf(ACTION_PATTERNS),
      oneOrMany(["*", repository("*"), repository("red/*")]).map((Resource) => ({ Resource })),
    ),
  ),
);
const v1Document = document(
  withPrincipal(
    statement(
      some(["ecr:*", "ecr:CreateRepository", "ecr:ReplicateImage"]).map((Action) => ({ Action })),
      fc.constant({ Resource: "*" }),
    ),
  ),
);
const trustDocument = document(
  fc
    .tuple(statement(fc.constantFrom(...STS).map((Action) => ({ Action }))), principal)
    .map(([each, Principal]) => ({ ...each, Principal })),
);

const policies = {
  caller: fc.constantFrom(...CALLERS),
  context,
  identity: fc.array(identityDocument, { maxLength: 2 }),
  boundary: fc.option(identityDocument, { nil: undefined, freq: 3 }),
  session: fc.oneof({ arbitrary: fc.constant([]), weight: 2 }, fc.array(identityDocument, { maxLength: 2 })),
};

const onRepository = fc
  .record({
    ...policies,
    action: fc.constantFrom(...ACTIONS),
    resource: fc.constantFrom(...RESOURCES),
    owner: fc.constant(A),
    repository: fc.option(repositoryDocument, { freq: 4 }),
    registry: fc.option(
      fc.oneof(
        registryDocument.map((each) => ({ type: "V2" as const, document: each })),
        v1Document.map((each) => ({ type: "V1" as const, document: each })),
      ),
      { freq: 2 },
    ),
  })
  .map(({ repository: own, registry, ...rest }) => ({
    ...rest,
    resources: [
      ...(own ? [{ type: "repository" as const, document: own }] : []),
      ...(registry ? [registry] : []),
    ],
  }));

const onRole = fc
  .record({
    ...policies,
    action: fc.constant("sts:AssumeRole"),
    resource: fc.constant(`arn:aws:iam::${A}:role/target`),
    owner: fc.constant(A),
    trust: trustDocument,
  })
  .map(({ trust, ...rest }) => ({ ...rest, resources: [{ type: "trust" as const, document: trust }] }));

/** Requests to repositories, and now and then one to assume a role. Callers without an account have no policies. */
export const anAccess: fc.Arbitrary<OracleAccess> = fc
  .oneof({ arbitrary: onRepository, weight: 6 }, { arbitrary: onRole, weight: 1 })
  .map((access) =>
    access.caller.account === undefined || access.caller.kind === "root"
      ? { ...access, identity: [], boundary: undefined, session: [] }
      : access,
  );
