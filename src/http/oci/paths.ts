/** What a path of the registry names (distribution-spec "Endpoints"); names and references as they stand there. */
export type Resource =
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "manifest"; readonly name: string; readonly reference: string }
  | { readonly kind: "blob"; readonly name: string; readonly digest: string }
  | { readonly kind: "uploads"; readonly name: string }
  | { readonly kind: "upload"; readonly name: string; readonly id: string }
  | { readonly kind: "tags"; readonly name: string }
  | { readonly kind: "referrers"; readonly name: string; readonly digest: string };

const PREFIX = "/v2/";

/**
 * Reads a path from its end, in one pass: a name may itself contain blobs, manifests, tags or uploads. Undefined for
 * what the registry does not have.
 */
export function resourceAt(path: string): Resource | undefined {
  if (path === "/v2" || path === PREFIX) return { kind: "base" };
  if (!path.startsWith(PREFIX)) return undefined;
  if (path === "/v2/_catalog") return { kind: "catalog" };
  const lastSlash = path.lastIndexOf("/");
  const last = path.slice(lastSlash + 1);
  const parent = partBefore(path, lastSlash);
  if (parent === undefined) return undefined;
  if (parent.part === "uploads") {
    const blobs = partBefore(path, parent.slash);
    if (blobs?.part === "blobs" && blobs.name !== "") {
      const { name } = blobs;
      return last === "" ? { kind: "uploads", name } : { kind: "upload", name, id: last };
    }
  }
  return last === "" || parent.name === "" ? undefined : resourceBelow(parent, last);
}

function resourceBelow({ part, name }: Part, last: string): Resource | undefined {
  switch (part) {
    case "manifests":
      return { kind: "manifest", name, reference: last };
    case "blobs":
      return last === "uploads" ? { kind: "uploads", name } : { kind: "blob", name, digest: last };
    case "referrers":
      return { kind: "referrers", name, digest: last };
    case "tags":
      return last === "list" ? { kind: "tags", name } : undefined;
    default:
      return undefined;
  }
}

/** A part of a path, where the slash before it stands, and what is between the prefix and that slash. */
interface Part {
  readonly part: string;
  readonly slash: number;
  readonly name: string;
}

function partBefore(path: string, end: number): Part | undefined {
  const slash = path.lastIndexOf("/", end - 1);
  if (slash < PREFIX.length - 1) return undefined;
  return { part: path.slice(slash + 1, end), slash, name: path.slice(PREFIX.length, slash) };
}
