import { ImageError, oneLine, quote } from "../errors.ts";

/** An image of a tar and the names that it goes by. */
export interface Named<T> {
  readonly names: readonly string[];
  /** Equal for entries that are the same image under several names. */
  readonly identity: string;
  readonly value: T;
}

/**
 * The one image that is meant: the one that has the name asked for; without a name, the only one, or the only one
 * that has a name (what layouts hold beside it are signatures and the like).
 * @throws ImageError listing what is there
 */
export function chooseImage<T>(images: readonly Named<T>[], wanted: string | undefined): T {
  const candidates = narrow(images, wanted);
  const [first] = candidates;
  if (first !== undefined && candidates.every(({ identity }) => identity === first.identity))
    return first.value;
  const inside = images.map(
    ({ names, identity }) => `  ${oneLine(names.join(", ") || `(no name) ${identity}`)}`,
  );
  const there = `\n${inside.slice(0, 50).join("\n")}${inside.length > 50 ? "\n  …" : ""}`;
  if (images.length === 0) throw new ImageError("the tar holds no image");
  if (wanted === undefined)
    throw new ImageError(`the tar holds several images; choose one by --image:${there}`);
  const problem = first === undefined ? "holds no image" : "holds several images";
  throw new ImageError(`the tar ${problem} named ${quote(wanted)}; it holds:${there}`);
}

function narrow<T>(images: readonly Named<T>[], wanted: string | undefined): readonly Named<T>[] {
  if (wanted !== undefined) {
    const exact = images.filter(({ names, identity }) => names.includes(wanted) || identity === wanted);
    if (exact.length > 0) return exact;
    const usual = usualName(wanted);
    return images.filter(({ names }) => names.some((name) => usualName(name) === usual));
  }
  const named = images.filter(({ names }) => names.length > 0);
  return new Set(named.map(({ identity }) => identity)).size === 1 ? named : images;
}

/** `alpine`, `alpine:latest`, `docker.io/library/alpine:latest` are one name to docker. */
function usualName(name: string): string {
  const short = name.replace(/^docker\.io\//, "").replace(/^library\//, "");
  return /[:@]/.test(short.slice(short.lastIndexOf("/") + 1)) ? short : `${short}:latest`;
}
