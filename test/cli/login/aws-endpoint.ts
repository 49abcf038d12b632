import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { sha256Hex } from "../../../src/iam/sigv4/canonical.ts";
import type { SigningCredential } from "../../../src/iam/sigv4/credential-store.ts";
import { SignatureError } from "../../../src/iam/sigv4/errors.ts";
import { SignatureVerifier, type VerifiedCaller } from "../../../src/iam/sigv4/verify.ts";
import { UNCOUNTED } from "../../support/logins.ts";

export const ACCOUNT = "123456789012";
export const REGION = "us-east-1";
export const KEY_ID = "AKIAIOSFODNN7EXAMPLE";
export const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
export const USER_ARN = `arn:aws:iam::${ACCOUNT}:user/anna`;
export const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/ci`;

export interface Call {
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Undefined: unsigned. */
  readonly accessKeyId: string | undefined;
}

class Refused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The four operations that the helper and the commands call, over real signatures. */
export class AwsEndpoint {
  readonly calls: Call[] = [];
  readonly credentials = new Map<string, SigningCredential>();
  /** Seconds. */
  tokenLife = 43_200;
  /** Answers this instead of doing anything. */
  failure: { readonly status: number; readonly body: string; readonly type?: string } | undefined;
  /** Members of the answer to GetAuthorizationToken that are not as usual. */
  authorization: Record<string, unknown> = {};
  /** Never answers. */
  isSilent = false;
  /** Tokens that AssumeRoleWithWebIdentity takes. */
  readonly webIdentities = new Set<string>(["web.identity.token"]);
  #issued = 0;
  #server: Server | undefined;
  #isSecure = false;
  #port = 0;

  constructor() {
    this.addKey(KEY_ID, SECRET, USER_ARN);
  }

  addKey(accessKeyId: string, secret: string, arn: string, sessionToken?: string): void {
    this.credentials.set(accessKeyId, {
      secret,
      // What else a principal has is nothing to these operations.
      principal: { kind: "user", account: ACCOUNT, arn, accessKeyId } as SigningCredential["principal"],
      ...(sessionToken === undefined ? {} : { sessionTokenHash: sha256Hex(sessionToken) }),
    });
  }

  get host(): string {
    return `localhost:${this.#port}`;
  }

  get url(): string {
    return `${this.#isSecure ? "https" : "http"}://${this.host}`;
  }

  operations(): string[] {
    return this.calls.map(({ operation }) => operation);
  }

  async listen(tls?: "first" | "second"): Promise<this> {
    this.#isSecure = tls !== undefined;
    const pem = (kind: string): Buffer =>
      readFileSync(new URL(`../../support/tls/${tls}.${kind}`, import.meta.url));
    const answer: RequestListener = (request, response) => {
      this.#answer(request).then(
        ({ status, type, body }) => response.writeHead(status, { "content-type": type }).end(body),
        (error) => response.writeHead(599).end(String(error)),
      );
    };
    this.#server =
      tls === undefined
        ? createServer(answer)
        : createTlsServer({ cert: pem("pem"), key: pem("key") }, answer);
    const { promise, resolve } = Promise.withResolvers<void>();
    // Both families: the client may take either for localhost.
    this.#server.listen(0, "::", resolve);
    await promise;
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage) {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (this.isSilent) return new Promise<never>(() => {});
    const isJson = request.headers["x-amz-target"] !== undefined;
    const type = isJson ? "application/x-amz-json-1.1" : "text/xml";
    if (this.failure !== undefined) return { type: this.failure.type ?? type, ...this.failure };
    try {
      return {
        status: 200,
        type,
        body: await (isJson ? this.#ecr(request, body) : this.#sts(request, body)),
      };
    } catch (error) {
      const [code, message] = refusal(error);
      const text = isJson
        ? JSON.stringify({ __type: `com.amazonaws.ecr#${code}`, message })
        : `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
      return { status: 400, type, body: text };
    }
  }

  async #ecr(request: IncomingMessage, body: Buffer): Promise<string> {
    const caller = await this.#verify(request, body, "ecr");
    const operation = String(request.headers["x-amz-target"]).replace(/^.*\./, "");
    this.#record(operation, JSON.parse(body.toString()), caller);
    if (operation !== "GetAuthorizationToken") throw new Refused("UnknownOperationException", operation);
    const password = `token-${++this.#issued}-of-${caller.principal.accessKeyId}`;
    const authorization = {
      authorizationToken: Buffer.from(`AWS:${password}`).toString("base64"),
      expiresAt: Date.now() / 1000 + this.tokenLife,
      proxyEndpoint: this.url,
      ...this.authorization,
    };
    return JSON.stringify({ authorizationData: [authorization] });
  }

  async #sts(request: IncomingMessage, body: Buffer): Promise<string> {
    const parameters = Object.fromEntries(new URLSearchParams(body.toString()));
    const operation = parameters["Action"] ?? "";
    if (operation === "AssumeRoleWithWebIdentity") {
      this.#record(operation, parameters, undefined);
      if (!this.webIdentities.has(parameters["WebIdentityToken"] ?? "")) {
        const shown = parameters["WebIdentityToken"];
        throw new Refused("InvalidIdentityToken", `The token ${shown} is not &lt;trusted&gt;`);
      }
      return this.#session(`arn:aws:sts::${ACCOUNT}:assumed-role/ci/${parameters["RoleSessionName"]}`, 3600);
    }
    const caller = await this.#verify(request, body, "sts");
    this.#record(operation, parameters, caller);
    const { account, arn } = caller.principal;
    if (operation === "GetSessionToken") return this.#session(arn, Number(parameters["DurationSeconds"]));
    if (operation !== "GetCallerIdentity") throw new Refused("InvalidAction", operation);
    return `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>AIDA</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
  }

  #session(arn: string, seconds: number): string {
    const number = ++this.#issued;
    const [id, secret, token] = [
      `ASIASESSION${number}`,
      `session/secret+${number}`,
      `session-token-${number}==`,
    ];
    this.addKey(id, secret, arn, token);
    const expires = new Date(Date.now() + seconds * 1000).toISOString();
    return `<R><Result><Credentials><AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><SessionToken>${token}</SessionToken><Expiration>${expires}</Expiration></Credentials></Result></R>`;
  }

  #record(operation: string, parameters: Record<string, unknown>, caller: VerifiedCaller | undefined): void {
    this.calls.push({ operation, parameters, accessKeyId: caller?.principal.accessKeyId });
  }

  async #verify(request: IncomingMessage, body: Buffer, service: string): Promise<VerifiedCaller> {
    const verifier = new SignatureVerifier({ find: async (id) => this.credentials.get(id) });
    const signed = {
      ...{ method: request.method ?? "", path: request.url ?? "", query: "" },
      headers: request.headersDistinct,
    };
    const policy = {
      service,
      accepts: (region: string) => [REGION, "eu-north-1"].includes(region),
      ...{ presigned: false, unsignedPayload: false, missingText: "Missing Authentication Token" },
    };
    const claim = await verifier.open(signed, [request.headers.host ?? ""], policy, new Date(), UNCOUNTED);
    return claim.verify(body);
  }
}

const NAMES: Readonly<Record<string, string>> = {
  unrecognized: "UnrecognizedClientException",
  mismatch: "InvalidSignatureException",
  missing: "MissingAuthenticationTokenException",
};

function refusal(error: unknown): [string, string] {
  if (error instanceof Refused) return [error.code, error.message];
  if (error instanceof SignatureError) return [NAMES[error.fault] ?? error.fault, error.message];
  throw error;
}
