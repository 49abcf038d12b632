import type { Server, ServerResponse } from "node:http";

/** The answers that a server has begun or is about to begin, so that its end need not wait for connections kept alive. */
export class LastAnswers {
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();

  constructor(server: Server) {
    this.#server = server;
    server.on("request", (_, response) => {
      this.#open.add(response);
      response.once("close", () => this.#open.delete(response));
    });
  }

  /** From now on the connections of all that is open end with their answers, which say so where they are not under way. */
  endConnections(): void {
    for (const response of this.#open) {
      if (!response.headersSent) response.setHeader("Connection", "close");
      response.once("close", () => this.#server.closeIdleConnections());
    }
  }
}
