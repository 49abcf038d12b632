import type { RegistryError } from "../errors.ts";
import type { BegunAttempt, Fence, RegistryPorts, UploadAddress } from "../ports/index.ts";
import { findSession } from "./find-session.ts";
import { wrongOffset } from "./upload-errors.ts";

/** What the loser of a session sees: what the session holds now, or that it is gone. */
export async function fenced(
  ports: Pick<RegistryPorts, "uploads">,
  address: UploadAddress,
): Promise<RegistryError> {
  const { size } = await findSession(ports, address);
  return wrongOffset(address, size, "another request has taken this upload session over");
}

/** The fence of an attempt; see {@link Fence}. */
export function fenceOf(
  ports: Pick<RegistryPorts, "uploads" | "clock">,
  address: UploadAddress,
  { id, version, firstPart }: Pick<BegunAttempt, "id" | "version" | "firstPart">,
): Fence {
  return {
    firstPart,
    async reserve(part) {
      if (!(await ports.uploads.reserve(id, version, part, ports.clock.now()))) {
        throw await fenced(ports, address);
      }
    },
  };
}
