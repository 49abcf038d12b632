export type { Io } from "./command.ts";
export { runConfigure } from "./run-configure.ts";
export { runLogin } from "./run-login.ts";
export { runWhoami } from "./run-whoami.ts";
