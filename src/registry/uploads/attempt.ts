import type { Digest, DigestAlgorithm } from "../digest.ts";
import type { RegistryError } from "../errors.ts";
import type {
  CompletedObject,
  FinishedAttempt,
  RegistryPorts,
  RunningHash,
  UploadAddress,
  UploadAttempt,
  UploadContent,
  UploadParts,
} from "../ports/index.ts";
import { fenced, fenceOf } from "./fenced.ts";
import { hashObject } from "./hash-object.ts";
import type { OpenedAttempt } from "./known-uploads.ts";
import { pour, type UploadBody } from "./pour.ts";
import { SignsOfLife } from "./signs-of-life.ts";

/** A body that has been written to storage but not been confirmed yet. */
export interface Received {
  readonly size: number;
  /** Digest of everything up to `size`, when the bytes before this body were hashed here or there were none. */
  readonly digest: Digest | undefined;
  readonly algorithm: DigestAlgorithm;
  /** The client's failure, when it hung up: what came until then is whole and may be kept. */
  readonly interrupted: unknown;
}

/**
 * One request's turn at a session. It owns what it writes under, its hash and its writer to storage, and gives them back
 * however it ends: by {@link confirm}, {@link giveUp}, {@link giveWay}, or {@link release} at the latest.
 */
export class Attempt {
  readonly begun: OpenedAttempt["begun"];
  readonly #key: string;
  readonly #ports: RegistryPorts;
  readonly #address: UploadAddress;
  readonly #signs: SignsOfLife;
  #hash: RunningHash | undefined;
  #writer: UploadAttempt | undefined;

  constructor(ports: RegistryPorts, address: UploadAddress, { begun, key }: OpenedAttempt) {
    this.begun = begun;
    this.#key = key;
    this.#ports = ports;
    this.#address = address;
    this.#signs = new SignsOfLife(ports, address, begun);
  }

  /**
   * Streams a body to storage and hashes it on the way, under the session's algorithm once it has content. On any failure
   * but the client's own nothing is kept.
   */
  async receive(body: UploadBody, wanted = this.begun.algorithm): Promise<Received> {
    const { storage, hashing, knownUploads, limits } = this.#ports;
    const { begun } = this;
    const algorithm = begun.size === 0 ? wanted : begun.algorithm;
    return this.#orGiveUp(async () => {
      const { content, takeover } = begun;
      this.#writer = await storage.begin({ content, attemptKey: this.#key, takeover, fence: this.#fence() });
      this.#hash = begun.size === 0 ? hashing.start(algorithm) : knownUploads.resumeHash(begun);
      const hash = this.#hash;
      const sinks = { hash, writer: this.#writer, signs: this.#signs };
      const { size, interrupted } = await pour(body, begun.size, limits.blobSizeMax, sinks);
      const unchanged = size === begun.size ? begun.digest : undefined;
      const digest = hash === undefined ? unchanged : await hash.digest();
      return { size, digest, algorithm, interrupted };
    });
  }

  /** Makes what was received durable. The session does not know it yet. */
  async finish(): Promise<FinishedAttempt> {
    return this.#orGiveUp(async () => {
      if (this.#writer === undefined) throw new Error("nothing was received");
      return this.#writer.finish();
    });
  }

  /**
   * Makes what was received and finished the session's content; `parts` with what was received, where it was a part.
   * @throws RegistryError when fenced
   */
  async confirm(
    received: Received,
    { content, garbage }: FinishedAttempt,
    parts?: UploadParts,
  ): Promise<UploadContent> {
    const { uploads, storage, clock, knownUploads } = this.#ports;
    const { id, version, repositoryId, registryId, principal, algorithm } = this.begun;
    const isOwnHash = received.algorithm === algorithm;
    const digest = isOwnHash ? received.digest : undefined;
    if (!(await uploads.confirm(id, version, { content, digest, garbage, parts, at: clock.now() }))) {
      throw await this.giveWay();
    }
    const session = {
      ...{ id, repositoryId, registryId, principal, algorithm, version },
      ...{ size: received.size, digest, content, parts: parts ?? this.begun.parts, writing: false },
    };
    knownUploads.noteConfirmed(this.#address, session, {
      hash: isOwnHash ? this.#letGoOfHash() : undefined,
      isReady: digest !== undefined && storage.isComplete(content),
    });
    return content;
  }

  /**
   * Confirms the bytes that the session has, wherever they are by now (`garbage`: keys where they were): the attempt brings
   * none. @throws RegistryError when fenced
   */
  async confirmUnchanged(
    { content, garbage }: Pick<CompletedObject, "content" | "garbage">,
    digest = this.begun.digest,
  ): Promise<void> {
    const { uploads, clock } = this.#ports;
    const { id, version } = this.begun;
    const confirmed = await uploads.confirm(id, version, { content, digest, garbage, at: clock.now() });
    if (!confirmed) throw await fenced(this.#ports, this.#address);
  }

  /** Makes one object of content. */
  complete(content: UploadContent): ReturnType<RegistryPorts["storage"]["complete"]> {
    return this.#ports.storage.complete(content, this.#fence());
  }

  /** Reads an object back to hash it, which may take long. */
  hashBack(key: string, size: number, algorithm: DigestAlgorithm): Promise<Digest> {
    return hashObject(this.#ports, key, size, algorithm, () => this.#signs.give());
  }

  /** Leaves the session as it was before the attempt. What the attempt wrote is queued for deletion. */
  async giveUp(): Promise<void> {
    this.release();
    await this.#writer?.abort();
    const { id, version, takeover } = this.begun;
    // Best effort: where it fails the session keeps the attempt's key, and the next attempt or expiry queues it.
    await this.#ports.uploads
      .release(id, version, { takeover, garbage: [this.#key], at: this.#ports.clock.now() })
      .catch(() => undefined);
  }

  /** What a fenced attempt does: it may be slower than the grace of its key, whose deletion the later one has queued. */
  async giveWay(): Promise<RegistryError> {
    this.release();
    await this.#ports.storage.delete(this.#key).catch(() => undefined);
    return fenced(this.#ports, this.#address);
  }

  /** Frees the hash, unless somebody else has it by now. */
  release(): void {
    this.#letGoOfHash()?.close();
  }

  #letGoOfHash(): RunningHash | undefined {
    const hash = this.#hash;
    this.#hash = undefined;
    return hash;
  }

  #fence(): ReturnType<typeof fenceOf> {
    return fenceOf(this.#ports, this.#address, this.begun);
  }

  async #orGiveUp<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.giveUp();
      throw error;
    }
  }
}
