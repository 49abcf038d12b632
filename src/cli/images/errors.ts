/** What went wrong, in words for the person at the terminal; never a secret. The command ends with exit code 1. */
export class ImageError extends Error {
  override readonly name: string = "ImageError";
}

/** One line for the terminal. Text of a registry or a tar may hold escape sequences, so control characters go. */
export function oneLine(text: string, max = 1000): string {
  const plain = text.replace(/\p{Cc}+/gu, " ").trim();
  return plain.length > max ? `${plain.slice(0, max)}…` : plain;
}

/** A name out of a tar or a manifest, quoted so that it cannot pass for something else. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}
