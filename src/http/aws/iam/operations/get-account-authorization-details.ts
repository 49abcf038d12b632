import type { IamHandler } from "../../call.ts";
import { type DetailKind, type Section, sectionsOf } from "../authorization-details.ts";
import { authorizeOn } from "../authorize.ts";
import { Paging } from "../paging.ts";
import type { IamPorts } from "../ports.ts";

/** Everything that says who may do what, for tools that audit an account: one list after the other, page by page. */
export function getAccountAuthorizationDetails(
  ports: Pick<IamPorts, "aws" | "identity" | "tokens">,
): IamHandler<"GetAccountAuthorizationDetails"> {
  return async (call, input) => {
    await authorizeOn(call, "*");
    const wanted = new Set<DetailKind>(input.Filter);
    const paging = new Paging(ports.tokens, call, input, [[...wanted].sort().join()]);
    const sections = sectionsOf(ports, ports.identity.reader(call.account));
    const { lists, next } = await read(
      sections.filter(({ kind }) => wanted.size === 0 || wanted.has(kind)),
      paging,
    );
    return { ...lists, ...paging.marker({ next }) };
  };
}

type Lists = Record<Section["list"], object[]>;

/** A marker is the number of the section that a page ended in, and the key of its last entry there. */
async function read(
  sections: readonly Section[],
  { after, limit }: Paging,
): Promise<{ readonly lists: Lists; readonly next: string | undefined }> {
  const lists: Lists = { UserDetailList: [], GroupDetailList: [], RoleDetailList: [], Policies: [] };
  const first = Number(after.slice(0, 1));
  let room = limit;
  for (const [index, { list, max, read: readSection }] of sections.entries()) {
    if (index < first) continue;
    if (room === 0) return { lists, next: String(index) };
    const begin = index === first ? after.slice(1) : "";
    const page = await readSection({ after: begin, limit: Math.min(room, max) });
    lists[list].push(...page.items);
    if (page.next !== undefined) return { lists, next: `${index}${page.next}` };
    room -= page.items.length;
  }
  return { lists, next: undefined };
}
