import type { MasterKey } from "../../../iam/master-key.ts";
import type { PolicyDecider } from "../../../iam/policy/port.ts";
import type { AwsPolicies } from "../../../iam/principals/aws-policies.ts";
import type { IdentityStore } from "../../../iam/principals/ports/index.ts";
import type { PolicyTextStore, PrincipalPolicyStore } from "../../../iam/principals/principal-policies.ts";
import type { OutboundHosts } from "../../../kernel/outbound-hosts.ts";
import type { PageTokens } from "../page-tokens.ts";

/** What the IAM operations work with. */
export interface IamPorts {
  readonly identity: IdentityStore;
  readonly aws: AwsPolicies;
  readonly masterKey: MasterKey;
  readonly tokens: PageTokens;
  readonly issuerHosts: OutboundHosts;
  /** For the simulator. */
  readonly policies: PrincipalPolicyStore & PolicyTextStore;
  readonly decider: PolicyDecider;
}
