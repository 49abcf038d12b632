import { isatty } from "node:tty";
import { pino } from "pino";
import { LOG_LEVELS, type LogFields, type LogLevel } from "./log/levels.ts";
import { openLineSink } from "./log/line-sink.ts";
import { textLine } from "./log/text-line.ts";

/** Structured log on stderr; stdout is for people and scripts. Never a secret, never a presigned URL. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Writes out what the reader takes at once. */
  flush(): void;
  /** Lines that nobody got, because their reader was gone or too slow. */
  dropped(): number;
}

/** The log of a process. It never waits for whoever reads it. */
export interface ProcessLog extends Log {
  /** Writes out what the reader takes within a second. */
  close(): Promise<void>;
}

export interface LogOptions {
  /** Lines that are less important are left out. */
  readonly level: LogLevel;
  /** One JSON object a line, or short lines for people; undefined: for people where stderr is a terminal. */
  readonly format: "json" | "text" | undefined;
}

const STDERR = 2;
const PATIENCE = 1_000;

export function openLog({ level, format }: LogOptions = { level: "info", format: undefined }): ProcessLog {
  const lineOf = (format ?? (isatty(STDERR) ? "text" : "json")) === "text" ? textLine : jsonLines();
  const sink = openLineSink(STDERR, (lines) =>
    lineOf("warn", "nobody read the log for a while: lines were dropped", { lines }),
  );
  const least = LOG_LEVELS.indexOf(level);
  const write = (name: LogLevel, message: string, fields: LogFields = {}): void => {
    if (LOG_LEVELS.indexOf(name) <= least) sink.write(lineOf(name, message, fields));
  };
  return {
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error(message, fields) {
      write("error", message, fields);
      sink.flush();
    },
    flush: sink.flush,
    dropped: sink.dropped,
    close: () => sink.close(PATIENCE),
  };
}

function jsonLines(): (level: LogLevel, message: string, fields: LogFields) => string {
  let line = "";
  const logger = pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (text) => (line = text) },
  );
  return (level, message, fields) => {
    logger[level](fields, message);
    return line;
  };
}
