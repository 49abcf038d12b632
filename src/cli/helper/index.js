// What the commands of src/cli/login use; typed in index.d.ts.
export { findIdentity, openIdentity, webIdentity } from "./credentials.js";
export { HelperError } from "./errors.js";
export { isObject, readJsonObject, readText, writeWhole } from "./files.js";
export { writeSession } from "./sessions.js";
export { signPost } from "./sigv4.js";
export {
  configurationFile,
  configuredHosts,
  defaultEndpoint,
  dockerConfigurationFile,
  findSite,
  hostOf,
  isLoopback,
  parseEndpoint,
  siteAt,
} from "./sites.js";
export { getCallerIdentity, getSessionToken } from "./sts.js";
export { authorities } from "./trust.js";
