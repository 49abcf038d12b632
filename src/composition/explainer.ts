import { CasbinDecider } from "../adapters/casbin/decider.ts";
import { postgresAuditLog } from "../adapters/postgres/audit/log.ts";
import {
  postgresCredentials,
  postgresIdentity,
  postgresPrincipalPolicies,
  readAwsPolicies,
} from "../adapters/postgres/iam/index.ts";
import { postgresResourcePolicies } from "../adapters/postgres/iam/resource-policies.ts";
import type { Config } from "../config.ts";
import { ResourcePolicyCache } from "../iam/access/resource-policies.ts";
import { Explainer } from "../iam/explain/explainer.ts";
import { StoredPolicies } from "../iam/principals/stored-policies.ts";
import type { State } from "./state.ts";

/** Apart from what decides requests: it shares no cache with it. */
export function composeExplainer(
  { region, organizations }: Config,
  { database, clock, masterKey }: State,
): Explainer {
  const stored = new StoredPolicies();
  return new Explainer({
    ...{ stored, clock, region },
    identity: postgresIdentity(database),
    credentials: postgresCredentials(database, masterKey),
    principals: postgresPrincipalPolicies(database, readAwsPolicies(), stored, organizations),
    resources: new ResourcePolicyCache(postgresResourcePolicies(database), stored),
    decider: new CasbinDecider(),
    denials: postgresAuditLog(database),
  });
}
