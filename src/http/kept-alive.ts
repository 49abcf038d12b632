import type { Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * The connections of a server on which something was asked, so that its end need wait for none of them and cuts none that
 * is about to ask for the first time. (Node's own idea of an idle connection includes those.)
 */
export class KeptAlive {
  /** What is being answered; nothing on those that wait for a next request. */
  readonly #answers = new Map<Socket, Set<ServerResponse>>();
  #isLast = false;

  constructor(server: Server) {
    server.on("request", ({ socket }, response) => {
      const answers = this.#on(socket).add(response);
      if (this.#isLast) sayLast(response);
      response.once("close", () => {
        answers.delete(response);
        if (this.#isLast && answers.size === 0) socket.destroySoon();
      });
    });
  }

  /** From now on a connection ends with what is answered on it, and the answer says so where it is not under way. */
  announceEnd(): void {
    this.#isLast = true;
    for (const answers of this.#answers.values()) for (const response of answers) sayLast(response);
  }

  /** Ends those that wait for a next request. */
  endWaiting(): void {
    for (const [socket, answers] of this.#answers) if (answers.size === 0) socket.destroySoon();
  }

  #on(socket: Socket): Set<ServerResponse> {
    const known = this.#answers.get(socket);
    if (known !== undefined) return known;
    const answers = new Set<ServerResponse>();
    this.#answers.set(socket, answers);
    socket.once("close", () => this.#answers.delete(socket));
    return answers;
  }
}

function sayLast(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader("Connection", "close");
}
