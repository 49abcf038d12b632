import type { AwsCall } from "../call.ts";
import type { TokenIssuer } from "./ports.ts";

/** What clients log in to a registry with. */
export interface HandedOutToken {
  /** `AWS:<password>` in base64: what follows `Basic` in a header. */
  readonly authorizationToken: string;
  readonly expiresAt: Date;
}

/** A password for whoever calls and has been allowed to get one; those who count tokens hear of it. */
export async function handOutToken(tokens: TokenIssuer, call: AwsCall): Promise<HandedOutToken> {
  const expiresAt = endOfToken(call, tokens.lifetime);
  const password = await tokens.issueToken(call.principal, call.region, expiresAt);
  const { principal, requestId, context } = call;
  tokens.onIssue({
    ...{ principal, door: "api", requestId, at: call.clock.now() },
    ...{ sourceIp: context.sourceIp, userAgent: context.userAgent },
  });
  return { authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"), expiresAt };
}

/** A token ends no later than the credentials that asked for it. */
function endOfToken({ clock, credentialsEnd }: AwsCall, lifetime: number): Date {
  const end = clock.now().getTime() + lifetime * 1000;
  return new Date(Math.min(end, credentialsEnd?.getTime() ?? end));
}
