// What a program does with the AWS SDK for JavaScript v3: endpoint override alone, typed errors, pages.
// Runs from the folder that SDK_HOME names, where the clients are installed. Prints a line per check.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.SDK_HOME}/`);
const { ECR, RepositoryNotFoundException, paginateDescribeRepositories } = require("@aws-sdk/client-ecr");
const { EntityAlreadyExistsException, IAM } = require("@aws-sdk/client-iam");
const { STS } = require("@aws-sdk/client-sts");

const place = { endpoint: process.env.AWS_ENDPOINT_URL, region: "us-east-1" };
let passed = 0;
let failed = 0;

function check(name, holds) {
  console.log(`${holds ? "ok    " : "FAIL  "}${name}`);
  if (holds) passed++;
  else failed++;
}

const errorOf = (promise) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

const [ecr, iam, sts] = [new ECR(place), new IAM(place), new STS(place)];
const { Account: account } = await sts.getCallerIdentity({});
check("sts getCallerIdentity", /^\d{12}$/.test(account ?? ""));

await iam.createUser({ UserName: "script" });
const { AccessKey: key } = await iam.createAccessKey({ UserName: "script" });
const PolicyDocument = JSON.stringify({
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "ecr:DescribeRepositories", Resource: "*" },
});
await iam.putUserPolicy({ UserName: "script", PolicyName: "look", PolicyDocument });
const kept = await iam.getUserPolicy({ UserName: "script", PolicyName: "look" });
check("iam getUserPolicy", decodeURIComponent(kept.PolicyDocument) === PolicyDocument);
const again = await errorOf(iam.createUser({ UserName: "script" }));
check("iam EntityAlreadyExistsException", again instanceof EntityAlreadyExistsException);

const names = ["sdk/js-0", "sdk/js-1", "sdk/js-2"];
for (const repositoryName of names) await ecr.createRepository({ repositoryName });
const found = [];
for await (const page of paginateDescribeRepositories({ client: ecr, pageSize: 1 }, {})) {
  found.push(...page.repositories.map(({ repositoryName }) => repositoryName));
}
check(
  "ecr describeRepositories by pages",
  names.every((name) => found.includes(name)),
);
const missing = await errorOf(ecr.describeRepositories({ repositoryNames: ["no/such"] }));
check("ecr RepositoryNotFoundException", missing instanceof RepositoryNotFoundException);
const { authorizationData } = await ecr.getAuthorizationToken({});
check("ecr getAuthorizationToken", authorizationData[0].expiresAt > new Date());

const credentials = { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey };
const theirs = new ECR({ ...place, credentials });
check("a policy allows", (await theirs.describeRepositories({})).repositories.length >= names.length);
const denied = await errorOf(theirs.createRepository({ repositoryName: "sdk/denied" }));
check("and what it does not is denied", denied?.name === "AccessDeniedException");
check(
  "in AWS's words",
  String(denied?.message).includes("is not authorized to perform: ecr:CreateRepository"),
);
const wrong = await errorOf(
  new ECR({ ...place, credentials: { ...credentials, secretAccessKey: "wrong" } }).describeRepositories({}),
);
check("a wrong secret", wrong?.name === "InvalidSignatureException");

console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
