import type { RepositorySettings } from "../ports/index.ts";

export const DEFAULT_SETTINGS: RepositorySettings = { sparse: false, tagMutability: "MUTABLE" };
