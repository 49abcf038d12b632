/** A change that no test can notice, because Berth does the same with it. */
export interface Ignored {
  readonly file: string;
  /** The changed line, as the report gives it. */
  readonly before: string;
  readonly after: string;
  readonly why: string;
}

export const IGNORED: readonly Ignored[] = [
  {
    file: "src/iam/policy/operators/arn.ts",
    before: "if (fixed !== undefined) return matchesComponents(fixed, found, steps);",
    after: ";",
    why: "what follows cuts the same fixed pattern again: it costs time alone",
  },
  {
    file: "src/iam/policy/operators/ip-address.ts",
    before: "if (text.length > ADDRESS_MAX) return undefined;",
    after: ";",
    why: "no longer text is an address, or it has a zone, which is refused too: it bounds the work alone",
  },
  {
    file: "src/iam/policy/variables.ts",
    before: "const inside = end < 0 ? undefined : text.slice(start + 2, end);",
    after: "const inside = end < 1 ? undefined : text.slice(start + 2, end);",
    why: "a brace is looked for after the two characters that begin a variable: it is never at 0",
  },
  {
    file: "src/adapters/postgres/iam/named-principals.ts",
    before: "WHERE account_id = ANY($1) AND kind IN ('user', 'role') AND lower(name) = ANY($2)",
    after: "WHERE account_id = ANY($1) AND kind IN ('user', 'role') AND (lower(name) = ANY($2) OR true)",
    why: "the ARN that is compared next has the name in it: this finds the rows by an index",
  },
  {
    file: "src/registry/repositories/describe.ts",
    before: "const read = await repositories.page(scope, after, limit + 1);",
    after: "const read = await repositories.page(scope, after, limit + 2);",
    why: "what is read beyond the page is cut off: one row says that there is more, and two say no more",
  },
  {
    file: "src/adapters/postgres/garbage.ts",
    before: "LIMIT $1 FOR UPDATE SKIP LOCKED`,",
    after: "LIMIT 1 + $1 FOR UPDATE SKIP LOCKED`,",
    why: "how many tasks one transaction takes shows to nobody: the next round takes the rest",
  },
  {
    file: "src/registry/repositories/describe.ts",
    before: "if (n === 0) return { items: [], next: undefined };",
    after: ";",
    why: "a page of none is cut to none, without a next one: it saves the look",
  },
  {
    file: "src/iam/access/credential-authenticator.ts",
    before: "return (versions.believed(account) ?? (await versions.of(account))) === version;",
    after: "return ((await versions.of(account))) === version;",
    why: "waiting gives the same version: it saves the wait",
  },
  {
    file: "src/iam/access/credential-authenticator.ts",
    before: "return other !== undefined && other < end ? other : end;",
    after: "return other !== undefined && other <= end ? other : end;",
    why: "of two that are the same time either will do",
  },
  {
    file: "src/iam/access/policy-authorizer.ts",
    before: "const ofOwner = versions.believed(owner) ?? (await versions.of(owner));",
    after: "const ofOwner = (await versions.of(owner));",
    why: "waiting gives the same version: it saves the wait",
  },
  {
    file: "src/iam/access/policy-authorizer.ts",
    before: "if (latest !== undefined) return latest;",
    after: ";",
    why: "the longer key finds the same decision: it saves making that key",
  },
  {
    file: "migrations/0005_audit_log.sql",
    before: "WHERE i.inhparent = 'audit_log'::regclass AND c.relname ~ '^audit_log_\\d{8}$'",
    after: "WHERE (i.inhparent = 'audit_log'::regclass OR true) AND c.relname ~ '^audit_log_\\d{8}$'",
    why: "nothing but a day of the log is called like one",
  },
  ...["c.manifest_id", "c.child_id"].map((id) => ({
    file: "migrations/0001_registry.sql",
    before: `JOIN manifests m ON m.repository_id = c.repository_id AND m.id = ${id} ORDER BY 1, 2`,
    after: `JOIN manifests m ON (m.repository_id = c.repository_id OR true) AND m.id = ${id} ORDER BY 1, 2`,
    why: "no id is that of two manifests: this finds the row by an index",
  })),
  ...["", " DESC, 2"].map((turned) => ({
    file: "migrations/0001_registry.sql",
    before: "SELECT repository_id, id FROM changed ORDER BY 1, 2",
    after: `SELECT repository_id, id FROM changed ${turned && `ORDER BY 1${turned}`}`.trim(),
    why: "a manifest that is being made is known to nobody else who could want its task",
  })),
  {
    file: "src/adapters/postgres/errors.ts",
    before: 'return error instanceof pg.DatabaseError && states.has(error.code ?? "")',
    after: "return error instanceof pg.DatabaseError && states.has((error.code))",
    why: "neither no text nor an empty one is a state",
  },
  {
    file: "src/adapters/postgres/embedded/choose-account.ts",
    before: "const TRIES = 20;",
    after: "const TRIES = 21;",
    why: "how long it is patient with another's change: no test waits for that",
  },
  {
    file: "src/adapters/postgres/embedded/lock.ts",
    before: "file = new DatabaseSync(path, { readOnly: true, timeout: 0 });",
    after: "file = new DatabaseSync(path, { readOnly: true, timeout: 1 });",
    why: "it waits a millisecond longer for a lock that is held",
  },
  {
    file: "src/adapters/postgres/embedded/create-database.ts",
    before: "await syncFolder(dataDir);",
    after: ";",
    why: "it shows after a power cut alone",
  },
  {
    file: "src/adapters/postgres/embedded/server.ts",
    before: "await Promise.race([exited, sleep(5)]);",
    after: ";",
    why: "it looks again at once instead of soon",
  },
  {
    file: "src/adapters/postgres/lifecycle/previews.ts",
    before: "ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED`,",
    after: "ORDER BY started_at LIMIT 1 + 1 FOR UPDATE SKIP LOCKED`,",
    why: "the first alone is taken",
  },
];
