/** From the most to the least important. */
export const LOG_LEVELS = ["error", "warn", "info"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a line says beside its message, by name. Never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;
