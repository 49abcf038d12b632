import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";

/** A report is made when it is asked for: there is nothing to wait for. */
export function generateCredentialReport(): IamHandler<"GenerateCredentialReport"> {
  return async (call) => {
    await authorizeOn(call, "*");
    return { State: "COMPLETE" };
  };
}
