import type { Client } from "../client/client.ts";
import { headerOf } from "../client/response-parser.ts";
import type { Scenario } from "./scenario.ts";

const USERS = 4;

/** Names of tags and repositories. */
export const LISTS: readonly Scenario[] = [
  {
    name: "list-tags",
    about:
      "all tags of a repository of 10,000 (--quick: 1,000), with no n: in one answer, or in as many as Link leads to",
    ...{ unit: "lists/s", users: USERS },
    async prepare(fixtures) {
      const repository = await fixtures.tags();
      return (client) => readAll(client, `/v2/${repository}/tags/list`, fixtures.shared.sizes.tags);
    },
  },
  {
    name: "list-tags-100",
    about: "pages of n=100 of them, each user going from page to page",
    ...{ unit: "requests/s", users: USERS },
    async prepare(fixtures) {
      const first = `/v2/${await fixtures.tags()}/tags/list?n=100`;
      const next = new Map<Client, string>();
      return async (client) => {
        const page = await readPage(client, next.get(client) ?? first);
        // More come from registries that do not know n, such as distribution 2.8: that is how fast they are.
        if (page.names.length < 100) throw new Error(`a page of ${page.names.length} names, not 100`);
        next.set(client, page.next ?? first);
        return page.bytes;
      };
    },
  },
  {
    name: "catalog",
    about: "all of 1,000 repositories (--quick: 100), with n=1000",
    ...{ unit: "lists/s", users: USERS },
    async prepare(fixtures) {
      await fixtures.repositories();
      return (client) => readAll(client, "/v2/_catalog?n=1000", fixtures.shared.sizes.repositories);
    },
  },
];

/** Follows Link to the end. @throws Error when fewer than `count` names come */
async function readAll(client: Client, first: string, count: number): Promise<number> {
  let names = 0;
  let bytes = 0;
  for (let path: string | undefined = first; path !== undefined; ) {
    const page: Page = await readPage(client, path);
    names += page.names.length;
    bytes += page.bytes;
    path = page.next;
  }
  if (names < count) throw new Error(`GET ${first}: ${names} names, not ${count}`);
  return bytes;
}

interface Page {
  readonly names: readonly string[];
  readonly next: string | undefined;
  readonly bytes: number;
}

async function readPage(client: Client, path: string): Promise<Page> {
  const answer = await client.expect(200, "GET", path, { text: true });
  const { tags, repositories } = JSON.parse(answer.text) as { tags?: string[]; repositories?: string[] };
  const link = /<([^>]+)>/.exec(headerOf(answer, "link") ?? "")?.[1];
  return {
    names: tags ?? repositories ?? [],
    next:
      link === undefined
        ? undefined
        : client.pathOf(new URL(link, `http://x${path}`).href.replace("http://x", "")),
    bytes: answer.bytes,
  };
}
