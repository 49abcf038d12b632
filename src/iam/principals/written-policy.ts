/**
 * A policy text as it is kept: as it was given, unless it writes slashes or printable characters of ASCII as escapes. Then
 * it is written anew, so that whoever a policy names is found by looking for the ARN in its text.
 */
export function writtenPolicy(text: string): string {
  return text.includes("\\/") || text.includes("\\u00") ? JSON.stringify(JSON.parse(text)) : text;
}
