import type { User } from "../../../../aws-models/iam.types.ts";
import { rootArn } from "../../../../iam/principals/arns.ts";
import { requireEntity } from "../../../../iam/principals/find-entity.ts";
import type { AwsCall, IamHandler } from "../../call.ts";
import { authorizeOnUser } from "../authorize.ts";
import { ownUserName } from "../caller.ts";
import type { IamPorts } from "../ports.ts";
import { presentUser, ROOT_NAME } from "../present.ts";

export function getUser(ports: Pick<IamPorts, "identity">): IamHandler<"GetUser"> {
  return async (call, input) => {
    const name = ownUserName(call, input.UserName);
    await authorizeOnUser(call, ports, name);
    if (name === undefined) return { User: root(call) };
    return { User: presentUser(await requireEntity(ports.identity.reader(call.account), "user", name)) };
  };
}

/** The root is no user, but asked who it is it answers like one. */
function root({ account }: AwsCall): User {
  return { Path: "/", UserName: ROOT_NAME, UserId: account, Arn: rootArn(account), CreateDate: new Date(0) };
}
