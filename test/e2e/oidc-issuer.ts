// An OpenID Connect issuer for access.sh: prints its URL, then a signed token for each line of claims (JSON) that it
// reads, and ends with its input.
import { createInterface } from "node:readline";
import { startIssuer } from "../adapters/postgres/iam/oidc-issuer.ts";

const issuer = await startIssuer(() => new Date());
process.stdout.write(`${issuer.url}\n`);
for await (const claims of createInterface({ input: process.stdin })) {
  process.stdout.write(`${await issuer.token(JSON.parse(claims))}\n`);
}
await issuer.close();
