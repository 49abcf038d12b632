import type { ServiceHandlers } from "../call.ts";
import { createRepository } from "./operations/create-repository.ts";
import { deleteRegistryPolicy } from "./operations/delete-registry-policy.ts";
import { deleteRepository } from "./operations/delete-repository.ts";
import { deleteRepositoryPolicy } from "./operations/delete-repository-policy.ts";
import { describeRepositories } from "./operations/describe-repositories.ts";
import { getAuthorizationToken } from "./operations/get-authorization-token.ts";
import { getRegistryPolicy } from "./operations/get-registry-policy.ts";
import { getRepositoryPolicy } from "./operations/get-repository-policy.ts";
import { putRegistryPolicy } from "./operations/put-registry-policy.ts";
import { setRepositoryPolicy } from "./operations/set-repository-policy.ts";
import type { EcrPorts } from "./ports.ts";

/** The operations of ECR. */
export function ecrHandlers(ports: EcrPorts): ServiceHandlers<"ecr"> {
  return {
    CreateRepository: createRepository(ports),
    DeleteRegistryPolicy: deleteRegistryPolicy(ports),
    DeleteRepository: deleteRepository(ports),
    DeleteRepositoryPolicy: deleteRepositoryPolicy(ports),
    DescribeRepositories: describeRepositories(ports),
    GetAuthorizationToken: getAuthorizationToken(ports),
    GetRegistryPolicy: getRegistryPolicy(ports),
    GetRepositoryPolicy: getRepositoryPolicy(ports),
    PutRegistryPolicy: putRegistryPolicy(ports),
    SetRepositoryPolicy: setRepositoryPolicy(ports),
  };
}
