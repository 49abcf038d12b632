import type { CompletedObject, Fence, StoredPart, UploadContent } from "../../registry/ports/blob-storage.ts";
import type { Multipart } from "./bucket.ts";
import { SLAB } from "./memory.ts";
import { PartBuffer } from "./part-buffer.ts";
import { exactly } from "./reader.ts";
import type { UploadShare } from "./upload.ts";

/**
 * Makes one object of confirmed content. An object that is there already is one that an earlier call made, whose
 * answer or row was lost: nothing else ever makes an object under the key of a multipart upload, and content only
 * grows, so one of the same size is the same.
 */
export async function completeContent(
  share: UploadShare,
  content: UploadContent,
  fence: Fence,
): Promise<CompletedObject> {
  const { key, multipart, tail } = content;
  if (key === undefined || multipart === undefined) {
    if (tail === undefined) throw new Error("content in object storage has a multipart upload or a tail");
    return { key: tail.key, garbage: [], content };
  }
  const garbage = tail === undefined ? [] : [tail.key];
  try {
    await assemble(share, content, { key, id: multipart }, fence);
  } catch (error) {
    const size = await share.bucket.sizeOf(key).catch(() => undefined);
    if (size !== content.size) throw error;
  }
  // Bytes that come after it read it back, as they do with any tail.
  return { key, garbage, content: { size: content.size, tail: { key, size: content.size } } };
}

async function assemble(
  share: UploadShare,
  content: UploadContent,
  multipart: Multipart,
  fence: Fence,
): Promise<void> {
  const { parts = [], tail } = content;
  const number = Math.max(fence.firstPart, (parts.at(-1)?.number ?? 0) + 1);
  await fence.reserve(number);
  const last = tail === undefined ? [] : [await tailAsPart(share, multipart, number, tail)];
  await share.bucket.complete(multipart, [...parts, ...last]);
}

/** The last part may have any size. */
async function tailAsPart(
  { bucket, memory }: UploadShare,
  multipart: Multipart,
  number: number,
  tail: { readonly key: string; readonly size: number },
): Promise<StoredPart> {
  const slabs = await memory.take(Math.ceil(tail.size / SLAB));
  try {
    const buffer = new PartBuffer(slabs);
    const response = await bucket.open(tail.key, tail.size, undefined);
    for await (const chunk of exactly(response, tail.key, tail.size)) buffer.append(chunk);
    const etag = await bucket.putPart(multipart, number, buffer.pieces());
    return { number, etag, size: tail.size };
  } finally {
    memory.give(slabs);
  }
}
