// Preloaded by `node --import` into a Berth that is otherwise started as a user starts it: whoever comes is the root of
// the default account and may do everything. It fills the two ports of `src/iam/authenticator.ts` and `authorizer.ts`
// at the classes that the composition puts there, so that all other code is the one that is measured.
import { CredentialAuthenticator } from "../../../src/iam/access/credential-authenticator.ts";
import type { Authentication } from "../../../src/iam/authenticator.ts";
import type { Decision } from "../../../src/iam/authorizer.ts";
import { RecordingAuthorizer } from "../../../src/iam/explain/denials.ts";

const account = "000000000000";
const EVERYBODY: Authentication = {
  state: "proven",
  principal: {
    kind: "root",
    account,
    arn: `arn:aws:iam::${account}:root`,
    accessKeyId: "AKIAEVERYBODYISROOT",
  },
  ...{ access: undefined, region: undefined },
};
const EVERYTHING: Decision = { allowed: true };

CredentialAuthenticator.prototype.authenticate = async () => EVERYBODY;
RecordingAuthorizer.prototype.decide = async () => EVERYTHING;
