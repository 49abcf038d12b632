// The package ships the helper's sources as they stand, so from `src` and from `dist` this leads to the same file.
export * from "../../../src/cli/helper/index.js";
