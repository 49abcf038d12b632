import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

/** An OpenID Connect issuer on this machine, whose answers a test may change. */
export interface TestIssuer {
  readonly url: string;
  /** Without the scheme, as providers are named. */
  readonly name: string;
  /** Requests so far, by path. */
  readonly asked: string[];
  /** Takes the place of the discovery document or of the keys; undefined for the honest one. */
  lie: { readonly path: string; readonly status?: number; readonly body?: string } | undefined;
  /** A token with these claims over the usual ones. */
  token(
    claims?: Readonly<Record<string, unknown>>,
    options?: { readonly kid?: string; readonly alg?: string },
  ): Promise<string>;
  /** From now on signs with another key. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

/** `end` is what its URL ends with, such as a slash. */
export async function startIssuer(now: () => Date, end = ""): Promise<TestIssuer> {
  let number = 0;
  let keys: JWK[] = [];
  let privateKey: CryptoKey;
  const rotate = async (): Promise<void> => {
    const pair = await generateKeyPair("ES256");
    privateKey = pair.privateKey;
    keys = [{ ...(await exportJWK(pair.publicKey)), kid: `key-${++number}`, alg: "ES256", use: "sig" }];
  };
  await rotate();
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    issuer.asked.push(path);
    const { lie } = issuer;
    if (lie?.path === path) return response.writeHead(lie.status ?? 200).end(lie.body);
    if (path === "/.well-known/openid-configuration") {
      return response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `http://${host}/keys` }));
    }
    return response.end(JSON.stringify({ keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const name = host + end;
  const issuer: TestIssuer = {
    ...{ url: `http://${name}`, name, asked: [], lie: undefined, rotate },
    token(claims = {}, { kid = `key-${number}` } = {}) {
      const seconds = Math.floor(now().getTime() / 1000);
      const usual = {
        iss: issuer.url,
        sub: "repo:acme/app:ref:main",
        aud: "berth",
        iat: seconds,
        exp: seconds + 300,
      };
      return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return issuer;
}
