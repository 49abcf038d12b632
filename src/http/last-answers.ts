import type { Server, ServerResponse } from "node:http";

/** The answers that a server has begun or is about to begin, so that its end need not wait for connections kept alive. */
export class LastAnswers {
  readonly #server: Server;
  readonly #open = new Set<ServerResponse>();
  #isLast = false;

  constructor(server: Server) {
    this.#server = server;
    server.on("request", (_, response) => {
      this.#open.add(response);
      response.once("close", () => this.#open.delete(response));
      if (this.#isLast) this.#end(response);
    });
  }

  /** From now on the connections of all that is open end with their answers, which say so where they are not under way. */
  endConnections(): void {
    if (this.#isLast) return;
    this.#isLast = true;
    for (const response of this.#open) this.#end(response);
  }

  #end(response: ServerResponse): void {
    if (!response.headersSent) response.setHeader("Connection", "close");
    response.once("close", () => this.#server.closeIdleConnections());
  }
}
