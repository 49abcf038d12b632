import { iamArn } from "../../../../iam/principals/arns.ts";
import { createRole as createRoleInDomain } from "../../../../iam/principals/create-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeNew, boundaryKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentRole } from "../present.ts";

export function createRole(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"CreateRole"> {
  return async (call, input) => {
    const { RoleName: name, Path: path, PermissionsBoundary: boundary, Tags: tags } = input;
    const { account } = call;
    const arn = iamArn({ account, kind: "role", path: path ?? "/", name });
    await authorizeNew(call, arn, "iam:TagRole", tags, boundaryKey(boundary));
    const wanted = {
      ...{ account, name, path, boundary, tags, description: input.Description },
      trustPolicy: input.AssumeRolePolicyDocument,
      maxSessionDuration: input.MaxSessionDuration,
    };
    const role = await changeAccount(ports, call, (change) =>
      createRoleInDomain(change, ports.aws, wanted, call.clock.now()),
    );
    return { Role: presentRole(role) };
  };
}
