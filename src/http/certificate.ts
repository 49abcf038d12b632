import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { createSecureContext } from "node:tls";
import type { Log } from "../log.ts";
import type { SettingName } from "../settings.ts";

/** Where a certificate with its chain and its private key lie, in PEM. */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface Certificate {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Milliseconds without a change after which both files count as written. */
const SETTLED = 500;

/** @throws CertificateError when a file cannot be read or parsed, or the key is another certificate's */
export async function loadCertificate({ certFile, keyFile }: CertificateFiles): Promise<Certificate> {
  const cert = await read(CERT, certFile);
  const key = await read(KEY, keyFile);
  parse(CERT, certFile, { cert });
  parse(KEY, keyFile, { key });
  parse(KEY, keyFile, { cert, key });
  return { cert, key };
}

/** A setting that names a file, and what the file has to hold. */
interface Source {
  readonly setting: SettingName;
  readonly content: string;
}

const CERT: Source = { setting: "BERTH_TLS_CERT", content: "a certificate in PEM" };
const KEY: Source = { setting: "BERTH_TLS_KEY", content: "the private key of that certificate in PEM" };

/** Why a certificate cannot be used, and which file and setting are to blame. */
class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly file: string;
  readonly reason: string;

  constructor({ setting, content }: Source, file: string, cause: unknown) {
    const { message } = cause as Error;
    super(`${setting} has to name a file with ${content}; ${file} is none that can be used: ${message}`, {
      cause,
    });
    this.file = file;
    this.reason = message;
  }
}

async function read(source: Source, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new CertificateError(source, file, error);
  }
}

function parse(source: Source, file: string, parts: Partial<Certificate>): void {
  try {
    createSecureContext(parts);
  } catch (error) {
    throw new CertificateError(source, file, error);
  }
}

/**
 * Gives `take` each certificate that takes the place of `inUse`, until the function that it returns is called. One that
 * cannot be used is passed over with one line in the log: the files may be written one after the other, so only once they
 * rest. Folders are watched, since a file that is replaced is another file.
 */
export function followCertificate(
  files: CertificateFiles,
  inUse: Certificate,
  take: (certificate: Certificate) => void,
  log: Pick<Log, "warn" | "flush">,
): () => void {
  let taken = fingerprint(inUse);
  let refused = "";
  const renew = async (settled: boolean): Promise<void> => {
    try {
      const certificate = await loadCertificate(files);
      refused = "";
      if (fingerprint(certificate) === taken) return;
      take(certificate);
      taken = fingerprint(certificate);
    } catch (error) {
      const { file = files.certFile, reason = String(error) } = error as Partial<CertificateError>;
      const found = `${reason} ${await contentsOf(files)}`;
      // What nobody has changed since it was refused is not news.
      if (!settled || found === refused) return;
      refused = found;
      log.warn("the renewed TLS certificate is not taken, the old one stays in use", { file, reason });
      log.flush();
    }
  };
  // One after the other, so that what was read last is what is in use.
  let work = Promise.resolve();
  const enqueue = (settled: boolean): void => {
    work = work.then(() => renew(settled));
  };
  let timer: NodeJS.Timeout | undefined;
  const changed = (): void => {
    clearTimeout(timer);
    timer = setTimeout(enqueue, SETTLED, true).unref();
    enqueue(false);
  };
  const folders = new Set([dirname(files.certFile), dirname(files.keyFile)]);
  const watchers = [...folders].map((folder) =>
    watch(folder, changed).on("error", (error) =>
      log.warn("the folder of the TLS certificate is no longer watched", { folder, reason: error.message }),
    ),
  );
  return () => {
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };
}

function fingerprint({ cert, key }: Certificate): string {
  return createHash("sha256").update(cert).update("\n").update(key).digest("base64");
}

/** Names what the files hold; one that cannot be read holds nothing. */
async function contentsOf({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const nothing = (): Buffer => Buffer.alloc(0);
  return fingerprint({
    cert: await readFile(certFile).catch(nothing),
    key: await readFile(keyFile).catch(nothing),
  });
}
