import type { Client } from "../client.ts";

export interface BearerSettings {
  /** Names without ports, in lower case; `*` stands for every one. */
  readonly hosts: readonly string[];
  readonly anonymousPull: boolean;
}

/** The hosts on which clients get tokens instead of sending passwords with every request. */
export class BearerHosts {
  readonly #hosts: ReadonlySet<string>;
  readonly #anonymousPull: boolean;

  constructor({ hosts, anonymousPull }: BearerSettings) {
    this.#hosts = new Set(hosts);
    this.#anonymousPull = anonymousPull;
  }

  has({ host }: Client): boolean {
    if (this.#hosts.size === 0) return false;
    return this.#hosts.has("*") || this.#hosts.has(host.replace(/:\d*$/, "").toLowerCase());
  }

  admitsAnonymous(client: Client): boolean {
    return this.#anonymousPull && this.has(client);
  }
}
