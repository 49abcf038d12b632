import type { ListPoliciesResponse } from "../../../../aws-models/iam.types.ts";
import { awsPolicy } from "../../../../iam/principals/aws-policies.ts";
import type { ManagedPolicy } from "../../../../iam/principals/managed-policy.ts";
import type { IdentityReader, PolicyFilter } from "../../../../iam/principals/ports/index.ts";
import type { Page } from "../../../../kernel/page.ts";
import type { IamHandler } from "../../call.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";
import { presentListedPolicy } from "../present.ts";

export function listPolicies(ports: IamPorts): IamHandler<"ListPolicies"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    const { Scope: scope = "All", PathPrefix: pathPrefix = "/", PolicyUsageFilter: usage } = input;
    const onlyAttached = input.OnlyAttached ?? false;
    const filter = { pathPrefix, onlyAttached, usage };
    const paging = new Paging(ports.tokens, call, input, [scope, pathPrefix, usage, String(onlyAttached)]);
    const reader = ports.identity.reader(call.account);
    const aws = scope === "Local" ? [] : await awsPolicies(ports, reader, filter);
    // AWS's come first, and the marker says how far into which of the two lists the page went.
    const first = paging.cut(aws, ({ name }) => `0${name}`);
    if (first.next !== undefined || scope === "AWS") return present(first, paging);
    const limit = paging.limit - first.items.length;
    if (limit === 0) return present({ items: first.items, next: "1" }, paging);
    const after = paging.after.startsWith("1") ? paging.after.slice(1) : "";
    const rest = await reader.listPolicies(filter, { after, limit });
    const next = rest.next === undefined ? undefined : `1${rest.next}`;
    return present({ items: [...first.items, ...rest.items], next }, paging);
  };
}

function present(page: Page<ManagedPolicy>, paging: Paging): ListPoliciesResponse {
  return { Policies: page.items.map(presentListedPolicy), ...paging.marker(page) };
}

const UNUSED = { attachments: 0, boundaries: 0 };

async function awsPolicies(
  { aws }: IamPorts,
  reader: IdentityReader,
  { pathPrefix, onlyAttached, usage }: PolicyFilter,
): Promise<readonly ManagedPolicy[]> {
  const below = aws.all.filter(({ path }) => path.startsWith(pathPrefix));
  const uses = await reader.usesOfAwsPolicies();
  const policies = below.map((policy) => awsPolicy(policy, uses.get(policy.arn) ?? UNUSED));
  return policies.filter(({ attachments, boundaries }) => {
    if (onlyAttached && attachments + boundaries === 0) return false;
    // What serves as a boundary alone is no permissions policy; what serves as nothing is.
    if (usage === "PermissionsPolicy") return attachments > 0 || boundaries === 0;
    return usage === undefined || boundaries > 0;
  });
}
