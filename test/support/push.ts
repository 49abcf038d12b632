import { expect, vi } from "vitest";
import { postgresRepositories } from "../../src/adapters/postgres/repositories.ts";
import { type Digest, type DigestAlgorithm, digestOf } from "../../src/registry/digest.ts";
import { parseRepositoryName } from "../../src/registry/names.ts";
import type { RepositorySettings, RepositoryStore } from "../../src/registry/ports/index.ts";
import { DEFAULT_SETTINGS } from "../../src/registry/repositories/settings.ts";
import type { RegistryId } from "../../src/registry/scope.ts";
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
  const { repositories, registryId } = await repositoriesOf(berth);
  const { created } = await repositories.create(
    registryId,
    parseRepositoryName(name),
    { ...DEFAULT_SETTINGS, ...settings },
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
  const { repositories, registryId } = await repositoriesOf(berth);
  expect(
    await repositories.change(registryId, parseRepositoryName(name), settings, CAUSE, new Date()),
  ).toBeDefined();
}

export async function deleteRepository(berth: TestBerth, name: string): Promise<void> {
  const { repositories, registryId } = await repositoriesOf(berth);
  expect(await repositories.delete(registryId, parseRepositoryName(name), CAUSE, new Date())).toBe(true);
}

async function repositoriesOf({ database }: TestBerth): Promise<{
  readonly repositories: RepositoryStore;
  readonly registryId: RegistryId;
}> {
  const repositories = postgresRepositories(database);
  const registryId = await repositories.findRegistry("000000000000", "us-east-1");
  if (registryId === undefined) throw new Error("the default registry is missing");
  return { repositories, registryId };
}
