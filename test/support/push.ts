import { expect, vi } from "vitest";
import { postgresRegistries } from "../../src/adapters/postgres/registries.ts";
import { postgresRepositories } from "../../src/adapters/postgres/repositories.ts";
import { type Digest, type DigestAlgorithm, digestOf } from "../../src/registry/digest.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import type { RepositorySettings, RepositoryStore } from "../../src/registry/ports/index.ts";
import { draftRepository } from "../../src/registry/repositories/create.ts";
import type { Scope } from "../../src/registry/scope.ts";
import { Scopes } from "../../src/registry/scopes.ts";
import type { TestBerth } from "./berth.ts";
import { CAUSE } from "./cause.ts";
import { type Answer, exchange } from "./exchange.ts";
import { image, type Manifest } from "./manifests.ts";
import { rowsOf } from "./rows.ts";

/** Uploads a blob by one POST. */
export async function pushBlob(
  berth: TestBerth,
  name: string,
  content: string | Buffer,
  algorithm: DigestAlgorithm = "sha256",
): Promise<Digest> {
  const body = Buffer.from(content);
  const digest = digestOf(body, algorithm);
  const path = `/v2/${name}/blobs/uploads/?digest=${digest}`;
  const answer = await exchange(berth, { method: "POST", path, body });
  expect(answer.status, answer.body.toString()).toBe(201);
  return digest;
}

/** PUTs a manifest by tag, or by its digest when `reference` is undefined. */
export function putManifest(
  berth: TestBerth,
  name: string,
  { digest, mediaType, bytes }: Manifest,
  reference: string = digest,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return exchange(berth, {
    method: "PUT",
    path: `/v2/${name}/manifests/${reference}`,
    headers: { "content-type": mediaType, ...headers },
    body: bytes,
  });
}

/** {@link putManifest}, which must succeed. */
export async function pushManifest(
  berth: TestBerth,
  name: string,
  manifest: Manifest,
  reference?: string,
): Promise<Manifest> {
  const answer = await putManifest(berth, name, manifest, reference);
  expect(answer.status, answer.body.toString()).toBe(201);
  return manifest;
}

/** An image of one config and one layer that no other `label` shares, with its blobs. */
export async function pushImage(
  berth: TestBerth,
  name: string,
  reference: string | undefined,
  label: string,
): Promise<Manifest> {
  await pushBlob(berth, name, configOf(label));
  await pushBlob(berth, name, layerOf(label));
  return pushManifest(berth, name, imageOf(label), reference);
}

/** What {@link pushImage} pushes. */
export function imageOf(label: string, fields: Readonly<Record<string, unknown>> = {}): Manifest {
  return image(configOf(label), [layerOf(label)], fields);
}

export function configOf(label: string): string {
  return JSON.stringify({ config: label });
}

export function layerOf(label: string): string {
  return `layer of ${label}`;
}

/** Opens an upload session and returns its path. */
export async function openSession(berth: TestBerth, name: string, query = ""): Promise<string> {
  const answer = await exchange(berth, { method: "POST", path: `/v2/${name}/blobs/uploads/${query}` });
  expect(answer.status, answer.body.toString()).toBe(202);
  return answer.headers.location ?? "";
}

/** Resolves when the server takes a body into the session, or, for `writing` false, when none is under way. */
export async function underWay(berth: TestBerth, session: string, writing = true): Promise<void> {
  const id = session.split("/").at(-1);
  const text = "SELECT attempt_key IS NOT NULL AS writing FROM uploads WHERE id = $1";
  await vi.waitFor(async () => expect(await rowsOf(berth, text, [id])).toEqual([{ writing }]), {
    interval: 5,
  });
}

/** Creates a repository of the default registry with settings of its own, as the command does. */
export async function createRepository(
  berth: TestBerth,
  name: string,
  settings: Partial<RepositorySettings> = {},
): Promise<void> {
  const { repositories, scope } = await repositoriesOf(berth);
  const { created } = await repositories.create(
    scope,
    draftRepository({ name, ...settings }),
    CAUSE,
    new Date(),
  );
  expect(created).toBe(true);
}

export async function changeRepository(
  berth: TestBerth,
  name: string,
  settings: Partial<RepositorySettings>,
): Promise<void> {
  const { repositories, scope } = await repositoriesOf(berth);
  expect(
    await repositories.change(scope, parseRepositoryName(name), settings, CAUSE, new Date()),
  ).toBeDefined();
}

export async function deleteRepository(berth: TestBerth, name: string): Promise<void> {
  const { repositories, scope } = await repositoriesOf(berth);
  const options = { force: true, cause: CAUSE, at: new Date() };
  expect(await repositories.delete(scope, parseRepositoryName(name), options)).toMatchObject({ name });
}

async function repositoriesOf({ database }: TestBerth): Promise<{
  readonly repositories: RepositoryStore;
  readonly scope: Scope;
}> {
  const scopes = new Scopes(postgresRegistries(database), ["*"]);
  const scope = await scopes.open({ account: "000000000000", region: "us-east-1" });
  return { repositories: postgresRepositories(database), scope };
}
