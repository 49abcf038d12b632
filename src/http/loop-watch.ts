import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";

/** Milliseconds between two looks. */
const EVERY = 20;
/** Milliseconds that nothing else could run, from which the log says so. No request is meant to take a quarter of it. */
const HELD = 200;
/** Requests that one line names. */
const NAMED = 8;

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5];

/** As much of a request as a line of the log names. */
export interface Watched {
  readonly id: string;
  readonly route: string;
}

/** Milliseconds since some moment: by the clock, and of work that this thread did. */
export interface Moment {
  readonly clock: number;
  readonly worked: number;
}

/**
 * Measures how late the event loop comes to a timer, as a histogram. Where the thread itself worked that long, and was
 * not merely left without a processor, a line of the log names the requests that were under way.
 */
export class LoopWatch {
  readonly #log: Pick<Log, "warn">;
  readonly #delays;
  readonly #underWay = new Set<Watched>();
  /** The latest, since the last look: no more are kept than are named, each in the place of the oldest. */
  #ended: Watched[] = [];
  #endings = 0;
  #last: Moment;

  constructor(log: Pick<Log, "warn">, metrics: Metrics, start = present()) {
    this.#log = log;
    this.#last = start;
    const help = "How late the event loop came to a timer, looked at every 20 ms.";
    this.#delays = metrics.histogram("berth_event_loop_delay_seconds", help, SECONDS);
  }

  /** Looks from now on, until the returned function is called. */
  start(): () => void {
    this.#last = present();
    const timer = setTimeout(() => {
      this.look(present());
      timer.refresh();
    }, EVERY);
    timer.unref();
    return () => clearTimeout(timer);
  }

  entered(request: Watched): void {
    this.#underWay.add(request);
  }

  left(request: Watched): void {
    if (this.#underWay.delete(request)) this.#ended[this.#endings++ % NAMED] = request;
  }

  /** One look; due {@link EVERY} milliseconds after the one before. */
  look(now: Moment): void {
    const late = Math.max(0, now.clock - this.#last.clock - EVERY);
    this.#delays.observe(late / 1_000);
    if (late >= HELD && now.worked - this.#last.worked >= late / 2) this.#tell(late);
    this.#last = now;
    if (this.#endings > 0) {
      this.#ended = [];
      this.#endings = 0;
    }
  }

  #tell(late: number): void {
    // Whoever came last, or has just ended, is the likeliest.
    const latest = this.#endings % NAMED;
    const ended = [...this.#ended.slice(latest), ...this.#ended.slice(0, latest)];
    const requests = [...ended.toReversed(), ...[...this.#underWay].toReversed()];
    this.#log.warn("event loop held", {
      ms: Math.round(late),
      routes: [...new Set(requests.map(({ route }) => route))].slice(0, NAMED),
      requestIds: requests.slice(0, NAMED).map(({ id }) => id),
      requests: requests.length,
    });
  }
}

function present(): Moment {
  const { user, system } = process.threadCpuUsage();
  return { clock: performance.now(), worked: (user + system) / 1_000 };
}
