import { credentialReport } from "../../../../iam/principals/credential-report.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import type { IamPorts } from "../ports.ts";

/** Of this moment, whenever it was generated. */
export function getCredentialReport(ports: Pick<IamPorts, "identity">): IamHandler<"GetCredentialReport"> {
  return async (call) => {
    await authorizeOn(call, "*");
    const holders = await ports.identity.reader(call.account).listCredentialHolders();
    return {
      Content: Buffer.from(credentialReport(call.account, holders)),
      ...{ ReportFormat: "text/csv", GeneratedTime: call.clock.now() },
    };
  };
}
