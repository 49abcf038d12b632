import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { ImageError, quote } from "../errors.ts";
import { CHUNK } from "../limits.ts";
import type { BlobSender, Expectation, SentFile } from "./blob-sender.ts";
import { type Catalog, type StreamedFile, scan } from "./catalog.ts";
import { readTar } from "./tar-reader.ts";

/** A tar that has been read once. */
export interface Archive {
  readonly catalog: Catalog;
  /** Whether the files that look like blobs and layers were sent while it was read: a pipe comes only once. */
  readonly isSent: boolean;
  /** Sends the files named; what a pipe has already sent is known. @throws ImageError when their bytes are not as expected */
  send(wanted: ReadonlyMap<string, Expectation>): Promise<ReadonlyMap<string, SentFile>>;
}

/** `source`: a path, read twice if something must be sent, or a stream, read once. */
export async function openArchive(source: string | Readable, sender: BlobSender): Promise<Archive> {
  if (typeof source !== "string") return openPipe(source, sender);
  const facts = await stat(source).catch((error: Error) => {
    throw new ImageError(`cannot read the tar: ${error.message}`, { cause: error });
  });
  if (facts.isDirectory()) throw new ImageError(`${source} is a directory; import reads a tar`);
  return facts.isFile() ? openFile(source, sender) : openPipe(read(source), sender);
}

function read(path: string): Readable {
  return createReadStream(path, { highWaterMark: CHUNK });
}

async function openFile(path: string, sender: BlobSender): Promise<Archive> {
  const catalog = await scan(read(path), async () => undefined);
  const send: Archive["send"] = async (wanted) => {
    const sent = new Map<string, SentFile>();
    if (wanted.size === 0) return sent;
    for await (const entry of readTar(read(path))) {
      const expected = wanted.get(entry.name);
      const facts = catalog.file(entry.name);
      if (entry.kind === "link" || expected === undefined || facts === undefined) continue;
      const { compression } = facts;
      sent.set(entry.name, await sender.sendFile({ ...entry, compression, ...NOT_ASKED }, expected));
      if (sent.size === wanted.size) return sent;
    }
    throw new ImageError(`${quote(path)} changed while it was read`);
  };
  return { catalog, isSent: false, send };
}

const NOT_ASKED = { digest: undefined, looksLikeLayer: true };

async function openPipe(source: Readable, sender: BlobSender): Promise<Archive> {
  const sent = new Map<string, SentFile>();
  const visit = async (file: StreamedFile): Promise<void> => {
    if (file.digest !== undefined) sent.set(file.name, await sender.sendFile(file, { digest: file.digest }));
    else if (file.looksLikeLayer) sent.set(file.name, await sender.sendFile(file, { diffId: true }));
  };
  const catalog = await scan(source, visit);
  return { catalog, isSent: true, send: async () => sent };
}
