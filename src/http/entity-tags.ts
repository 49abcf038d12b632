/** The opaque values of an `If-Match` or `If-None-Match` header (RFC 9110 section 13.1), `*`, or undefined without one. */
export function parseEntityTags(header: string | undefined): readonly string[] | "*" | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === "*") return "*";
  return [...header.matchAll(/(?:W\/)?"([^"]*)"/g)].map((match) => match[1] ?? "");
}

/** Whether the header names the entity: then GET and HEAD answer 304. */
export function etagMatches(header: string | undefined, etag: string): boolean {
  const tags = parseEntityTags(header);
  return tags !== undefined && (tags === "*" || tags.includes(etag));
}
