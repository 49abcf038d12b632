import type { SettingName } from "../settings.ts";

/** Why a database refuses, by SQLSTATE or by the code of the system or of TLS. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "its host name has no address",
  EAI_AGAIN: "the address of its host name cannot be asked for",
  ECONNREFUSED: "nothing listens there",
  ETIMEDOUT: "it does not answer",
  EHOSTUNREACH: "there is no way to its host",
  ENETUNREACH: "there is no way to its host",
  ECONNRESET: "it ended the connection",
  ENOENT: "there is no such socket",
  "28P01": "the password is not the user's",
  "28000": "it does not let this user in",
  "3D000": "there is no such database",
  "42501": "the user may not do that",
  "53300": "it has too many connections",
  "57P03": "it is starting up or shutting down",
  "25006": "it is read-only: a standby?",
};

/** Classes of SQLSTATE that say that the database, not a statement, is the trouble. */
const CLASSES = /^(?:08|28|53|57|58)...$/;

/**
 * A failure to reach or use a database, in words that name the setting; undefined for the embedded one. What the driver
 * says is left out: of a URL that was misread it may quote a password. Any other error is passed on as it is.
 */
export function databaseFailure(error: unknown, setting: SettingName | undefined): unknown {
  const code = codeOf(error);
  const reason =
    code === undefined
      ? isSilence(error)
        ? "it does not answer"
        : undefined
      : (REASONS[code] ??
        (CLASSES.test(code) || /^(?:ERR_|CERT_|E[A-Z])/.test(code) ? `the code is ${code}` : undefined));
  if (reason === undefined) return error;
  const place = setting === undefined ? "the embedded database" : `the database of ${setting}`;
  return new Error(`${place} cannot be used: ${reason}`, { cause: error });
}

/** Of an error, or of what caused it: what the domain throws has a code of its own, and the driver's error as its cause. */
function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  if (cause instanceof Error) return codeOf(cause);
  return typeof code === "string" && /^[A-Z0-9_]{5,60}$/.test(code) ? code : undefined;
}

/** The driver reports these by text alone. */
function isSilence(error: unknown): boolean {
  const { message = "", cause } = error as { readonly message?: string; readonly cause?: unknown };
  return /connection terminated|timeout/i.test(message) || (cause instanceof Error && isSilence(cause));
}

const LISTENING: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "a port below 1024 needs a privilege",
  ENOTFOUND: "its host name has no address",
};

/** A failure to listen, in words that name the setting. */
export function listenFailure(error: unknown, place: string): unknown {
  const code = codeOf(error) ?? "";
  const reason = LISTENING[code];
  if (reason === undefined) return error;
  return new Error(
    `cannot listen on ${place} (${code}): ${reason}; set BERTH_LISTEN to another address or port`,
    {
      cause: error,
    },
  );
}
