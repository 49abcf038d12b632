/** Policies as a team would have them: ten statements of a user, and a policy of a repository. */

const ACCOUNT = "000000000000";
const READ = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
const WRITE = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"];

/** Of a user of `account`. The eighth is the one that lets it read `team/app`; all others speak of something else. */
export function tenStatements(account: string = ACCOUNT): string {
  const repository = (name: string): string => `arn:aws:ecr:*:${account}:repository/${name}`;
  const allow = (action: string | readonly string[], resource: string, condition?: object): object => ({
    ...{ Effect: "Allow", Action: action, Resource: resource },
    ...(condition === undefined ? {} : { Condition: condition }),
  });
  return documentOf([
    allow("ecr:GetAuthorizationToken", "*"),
    allow(["ecr:DescribeRepositories", "ecr:ListImages"], "*"),
    allow(READ, repository("base/*")),
    allow([...READ, ...WRITE], repository(`sandbox/\${aws:username}/*`)),
    allow([...READ, ...WRITE], repository("*"), {
      StringEquals: { "ecr:ResourceTag/team": `\${aws:PrincipalTag/team}` },
    }),
    allow("ecr:CreateRepository", repository("team/*"), { StringLike: { "aws:RequestTag/team": "*" } }),
    allow(WRITE, repository("team/*"), { Bool: { "aws:SecureTransport": "true" } }),
    allow(READ, repository("team/*"), { IpAddress: { "aws:SourceIp": ["127.0.0.0/8", "10.0.0.0/8"] } }),
    { Effect: "Deny", Action: ["ecr:BatchDeleteImage", "ecr:Delete*"], Resource: repository("release/*") },
    { Effect: "Deny", Action: "ecr:SetRepositoryPolicy", Resource: "*" },
  ]);
}

/** Of a repository that another account pulls from. */
export const REPOSITORY_POLICY = documentOf([
  { Sid: "pull", Effect: "Allow", Principal: { AWS: "arn:aws:iam::444455556666:root" }, Action: READ },
  {
    ...{ Sid: "network", Effect: "Deny", Principal: "*", Action: "ecr:*" },
    Condition: { NotIpAddress: { "aws:SourceIp": ["127.0.0.0/8", "10.0.0.0/8"] } },
  },
]);

function documentOf(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
