import { pino } from "pino";

/** Structured log: one JSON object a line, on stderr; stdout is for people and scripts. Never a secret, never a presigned URL. */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** Writes out what is buffered. */
  flush(): void;
}

/** Lines gather for up to {@link FLUSH_EVERY} milliseconds; errors and the end of the process write them at once. */
const FLUSH_EVERY = 250;

export function openLog(): Log {
  const destination = pino.destination({ fd: 2, sync: false, minLength: 8192 });
  const logger = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  const flush = (): void => {
    try {
      destination.flushSync();
    } catch {
      // stderr is gone or not open yet: there is nowhere to say so.
    }
  };
  setInterval(() => destination.flush(), FLUSH_EVERY).unref();
  return {
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => {
      logger.error(fields ?? {}, message);
      flush();
    },
    flush,
  };
}
