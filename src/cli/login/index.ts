export { addConfigure } from "./configure-command.ts";
export { addLogin } from "./login-command.ts";
export { addWhoami } from "./whoami-command.ts";
