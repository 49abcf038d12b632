import type { TokenIssuer } from "../ecr/ports.ts";

/** What the operations of ECR Public work on. */
export interface EcrPublicPorts {
  /** Gives passwords that open what anybody may pull, and nothing else. */
  readonly tokens: TokenIssuer;
}
