import type { Log } from "../log.ts";
import { label, type Metrics } from "../metrics.ts";

/** Why a connection never reached a door. */
export type RefusalReason =
  | "plain_http_on_tls_port"
  | "tls_on_plain_port"
  | "tls_handshake"
  | "header_overflow"
  | "bad_method"
  | "bad_request"
  | "timeout";

/** Milliseconds in which one line a reason is logged: whoever scans ports would fill the log. */
const QUIET = 60_000;

/** Counts the connections that were refused, and logs the first of each kind in a minute with the number of the others. */
export class Refusals {
  readonly #log: Pick<Log, "warn">;
  readonly #count;
  readonly #lines = new Map<RefusalReason, { until: number; unsaid: number }>();

  constructor(log: Pick<Log, "warn">, metrics: Metrics) {
    this.#log = log;
    this.#count = metrics.counter(
      "berth_connections_refused_total",
      "Requests and handshakes that never reached a door, by reason.",
    );
  }

  /** `detail` is the code of an error, never what the client sent. */
  note(reason: RefusalReason, ip: string | undefined, detail: string | undefined): void {
    this.#count.add(1, label("reason", reason));
    const line = this.#lines.get(reason) ?? { until: 0, unsaid: 0 };
    const now = performance.now();
    if (now < line.until) {
      line.unsaid++;
      return;
    }
    this.#lines.set(reason, { until: now + QUIET, unsaid: 0 });
    const others = line.unsaid === 0 ? {} : { others: line.unsaid };
    this.#log.warn("a connection was refused", { reason, ip, detail, ...others });
  }
}
