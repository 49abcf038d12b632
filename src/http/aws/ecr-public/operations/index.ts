export { getAuthorizationToken as GetAuthorizationToken } from "./get-authorization-token.ts";
