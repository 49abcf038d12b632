import type { BegunAttempt, RegistryPorts, UploadAddress } from "../ports/index.ts";
import { fenced } from "./fenced.ts";

/** Milliseconds between two signs of life, at most. */
const SIGN_EVERY = 60_000;

/**
 * Keeps a session alive while its bytes flow, however slowly: what counts is time, not bytes. Learns by it when somebody
 * has taken the session over.
 */
export class SignsOfLife {
  readonly #ports: Pick<RegistryPorts, "uploads" | "clock" | "limits">;
  readonly #address: UploadAddress;
  readonly #begun: BegunAttempt;
  readonly #every: number;
  #last: number;

  constructor(
    ports: Pick<RegistryPorts, "uploads" | "clock" | "limits">,
    address: UploadAddress,
    begun: BegunAttempt,
  ) {
    this.#ports = ports;
    this.#address = address;
    this.#begun = begun;
    this.#every = Math.min(SIGN_EVERY, ports.limits.uploadExpiry / 4);
    this.#last = ports.clock.now().getTime();
  }

  /** To be called with every piece: undefined where no sign is due. @throws RegistryError when another attempt has begun */
  give(): Promise<void> | undefined {
    const now = this.#ports.clock.now();
    if (now.getTime() - this.#last < this.#every) return undefined;
    this.#last = now.getTime();
    return this.#sign(now);
  }

  async #sign(now: Date): Promise<void> {
    const { uploads } = this.#ports;
    const { id, version } = this.#begun;
    // Where it cannot be given the next one comes soon enough.
    const isAlive = await uploads.reserve(id, version, 0, now).catch(() => true);
    if (!isAlive) throw await fenced(this.#ports, this.#address);
  }
}
