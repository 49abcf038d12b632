import { createHash } from "node:crypto";
import { once, requestText } from "../hostile/raw.ts";
import { signInHeader, signInQuery } from "../iam/sigv4/signer.ts";
import { ADMINISTRATOR, basic } from "../support/berth.ts";
import { callEcrApi, callQuery } from "./aws-client.ts";
import { type Credentials, policy, type Wire } from "./issued-credentials.ts";

const REPOSITORY = "team/app";

/** Knocks at the registry and at the token service with these, with what is nearly right and with what is over. */
export async function knockAtRegistry(
  wire: Wire,
  { user, sessions, password }: Credentials,
  expired: string,
): Promise<void> {
  const { url, secrets } = wire;
  const wrong = secrets.keep("a wrong secret", "not-the-secret/of+anybody-at-all-1234");
  secrets.keep("an expired token", expired);
  const tampered = secrets.keep("a tampered token", `${password.slice(0, -8)}AAAAAAAA`);
  const secretsOfSessions = sessions.map(({ accessKeyId, secretAccessKey, sessionToken }) =>
    basic(accessKeyId, `${secretAccessKey}.${sessionToken}`),
  );
  const { accessKeyId, secretAccessKey } = ADMINISTRATOR;
  const authorizations = [
    basic(accessKeyId, secretAccessKey),
    ...[basic(user.accessKeyId, user.secretAccessKey), basic(user.accessKeyId, wrong), basic(wrong, wrong)],
    ...[...secretsOfSessions, basic(sessions[0]?.accessKeyId ?? "", `${wrong}.${wrong}`)],
    ...[password, tampered, expired].flatMap((token) => [basic("AWS", token), `Bearer ${token}`]),
    // Swapped, and put where a scheme, a name or nothing belongs.
    ...[basic(user.secretAccessKey, user.accessKeyId), user.secretAccessKey, `Basic ${user.secretAccessKey}`],
    ...[`Bearer ${password} ${password}`, `Digest username="${password}"`],
  ];
  for (const authorization of authorizations) {
    const headers = { authorization };
    for (const path of ["/v2/", `/v2/${REPOSITORY}/manifests/latest`, "/v2/_catalog"])
      await fetch(url + path, { headers });
    await fetch(`${url}/token?service=x&scope=repository:${REPOSITORY}:pull&offline_token=true`, { headers });
    await fetch(`${url}/v1/access/explain?id=${encodeURIComponent(password)}`, { headers });
    await upload(url, headers, password);
  }
  const form = (fields: Readonly<Record<string, string>>) =>
    fetch(`${url}/token`, { method: "POST", body: new URLSearchParams({ service: "x", ...fields }) });
  const login = { grant_type: "password", username: user.accessKeyId, access_type: "offline" };
  const issued = await form({ ...login, password: user.secretAccessKey });
  const tokens =
    issued.status === 200
      ? ((await issued.json()) as TokenAnswer)
      : { access_token: password, refresh_token: password };
  secrets.keep("a scoped token", tokens.access_token);
  const refresh = secrets.keep("a refresh token", tokens.refresh_token);
  for (const value of [wrong, `${wrong}:x`, password])
    await form({ ...login, password: value, username: "AWS" });
  for (const value of [refresh, `${refresh}A`, password])
    await form({ grant_type: "refresh_token", refresh_token: value });
  await form({ grant_type: refresh, scope: refresh });
  await fetch(`${url}/v2/`, { headers: { authorization: `Bearer ${tokens.access_token}` } });
}

interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function upload(url: string, headers: Readonly<Record<string, string>>, secret: string): Promise<void> {
  const begun = await fetch(`${url}/v2/${REPOSITORY}/blobs/uploads/`, { method: "POST", headers });
  const location = begun.headers.get("location");
  if (location === null) return;
  const body = Buffer.from(secret);
  await fetch(url + location, { method: "PATCH", headers, body });
  await fetch(`${url + location}?digest=sha256:${encodeURIComponent(secret)}`, { method: "PUT", headers });
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  await fetch(`${url + location}?digest=${digest}&token=${encodeURIComponent(secret)}`, {
    method: "PUT",
    headers,
  });
}

/** Signs calls of the AWS API in both forms, rightly and wrongly, and puts secrets into inputs that are refused. */
export async function knockAtApi(wire: Wire, { user, sessions, password }: Credentials): Promise<void> {
  const { url, secrets } = wire;
  const headers = { Host: new URL(url).host };
  const parameters = [
    ["Action", "GetCallerIdentity"],
    ["Version", "2011-06-15"],
  ] as const;
  for (const [index, keys] of [user, ...sessions].entries()) {
    const { accessKeyId: keyId, secretAccessKey, sessionToken: token } = keys;
    for (const secret of [secretAccessKey, `${secretAccessKey}x`]) {
      const request = {
        headers,
        parameters,
        keyId,
        secret,
        region: "us-east-1",
        service: "sts",
        date: new Date(),
      };
      const authentic = { ...request, ...(token === undefined ? {} : { token }) };
      const query = signInQuery({ ...authentic, method: "GET" });
      await fetch(url + query.path);
      const signed = signInHeader({ ...authentic, method: "GET" });
      await fetch(url + signed.path, { headers: signed.headers });
      const signature = /Signature=(\w+)$/.exec(signed.headers["Authorization"] ?? "")?.[1] ?? "";
      secrets.keep(`signature ${index} of ${secret.length}`, signature);
      secrets.keep(`presigned ${index} of ${secret.length}`, query.path.slice(-64));
    }
  }
  const swapped = { accessKeyId: user.secretAccessKey, secretAccessKey: user.accessKeyId };
  await callQuery(url, "sts", "GetCallerIdentity", {}, swapped);
  await callEcrApi(url, "DescribeRepositories", {}, swapped);
  const misplaced = { AccessKeyId: user.secretAccessKey, Status: "x" };
  await callQuery(url, "iam", "UpdateAccessKey", misplaced, user);
  const policyText = policy({ Effect: "Allow", Principal: "*", Action: "ecr:*", Condition: password });
  await callEcrApi(url, "SetRepositoryPolicy", { repositoryName: REPOSITORY, policyText }, user);
  await callEcrApi(url, "DescribeRepositories", { nextToken: password, [password]: password }, user);
  const Authorization = `AWS4-HMAC-SHA256 Credential=${user.secretAccessKey}, Signature=${password}`;
  await fetch(url, { method: "POST", headers: { ...headers, Authorization }, body: `Action=${password}` });
}

/** What nobody answers, or that is no HTTP. */
export async function knockElsewhere({ url }: Wire, { user, password }: Credentials): Promise<void> {
  const pair = `${user.accessKeyId}:${encodeURIComponent(user.secretAccessKey)}`;
  const host = new URL(url).host;
  for (const target of [
    `/nothing/here?password=${password}`,
    `/login/${password}`,
    `/login/${user.secretAccessKey}`,
    `/v2/#${password}`,
    `/v2/${REPOSITORY}/tags/list?n=${password}`,
    `/v2/${REPOSITORY}/manifests/latest?access_token=${password}`,
    `http://${pair}@${host}/v2/`,
    `http://${pair}@${host}/nothing`,
    `//${pair}@${host}/`,
  ]) {
    await once(url, requestText("GET", target, ["Connection: close"]));
  }
  const line = `Authorization: ${basic(user.accessKeyId, user.secretAccessKey)}`;
  await once(url, requestText("GET", "/v2/", [line, `broken header ${password}`]));
  await once(url, requestText("GET", "/v2/", [line, `X-Long: ${password.repeat(100)}`]));
}
