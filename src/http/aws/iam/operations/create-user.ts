import { iamArn } from "../../../../iam/principals/arns.ts";
import { createUser as createUserInDomain } from "../../../../iam/principals/create-entities.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeNew, boundaryKey } from "../authorize.ts";
import { changeAccount } from "../change-account.ts";
import type { IamPorts } from "../ports.ts";
import { presentUser } from "../present.ts";

export function createUser(ports: Pick<IamPorts, "aws" | "identity">): IamHandler<"CreateUser"> {
  return async (call, input) => {
    const { UserName: name, Path: path, PermissionsBoundary: boundary, Tags: tags } = input;
    const { account } = call;
    const arn = iamArn({ account, kind: "user", path: path ?? "/", name });
    await authorizeNew(call, arn, "iam:TagUser", tags, boundaryKey(boundary));
    const user = await changeAccount(ports, call, (change) =>
      createUserInDomain(change, ports.aws, { account, name, path, boundary, tags }, call.clock.now()),
    );
    return { User: presentUser(user) };
  };
}
