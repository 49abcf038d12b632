import { expect, test } from "vitest";
import { apply } from "./mutant.ts";
import { mutationsOf } from "./mutators/index.ts";
import { functionBodies } from "./mutators/migrations.ts";
import { mutateSql } from "./mutators/sql.ts";

const inTypeScript = (text: string) => mutationsOf("a.ts", text).map((edit) => apply(text, edit));
const inSql = (text: string) => mutateSql(text).map((edit) => apply(text, edit));

test.each([
  ["a condition", "if (a) b = 1;", "if (!(a)) b = 1;"],
  ["a guard", "function f() { if (a) return; g = 1; }", "function f() { ; g = 1; }"],
  ["a comparison", "a = b < c;", "a = b <= c;"],
  ["an equality between parentheses", "a = (b) === (c);", "a = (b) !== (c);"],
  ["an and", "a = b && c;", "a = b || c;"],
  ["a default", "a = b ?? c;", "a = (b);"],
  ["what a default stands in for", "a = b ?? c;", "a = (c);"],
  ["a negation", "a = !b;", "a = (b);"],
  ["an awaited call", "async function f() { await g(); }", "async function f() { ; }"],
  ["a number", "a = 3;", "a = 4;"],
  ["a boolean", "a = true;", "a = false;"],
  ["a text that is compared", 'a = b === "c";', 'a = b === "another";'],
  ["some", "a = b.some(c);", "a = b.every(c);"],
  ["a filter", "a = b.filter(c).map(d);", "a = b.map(d);"],
  [
    "SQL in a file with types",
    `const a: string = \`SELECT 1 FROM t WHERE a = \${b}\`;`,
    `const a: string = \`SELECT 1 FROM t WHERE a <> \${b}\`;`,
  ],
  [
    "a predicate with a part from elsewhere",
    `a = \`SELECT 1 FROM t WHERE \${b}\`;`,
    `a = \`SELECT 1 FROM t WHERE (\${b} OR true)\`;`,
  ],
])("%s is changed", (_, before, after) => {
  expect(inTypeScript(before)).toContain(after);
});

test("a text that nothing is decided by stays", () => {
  expect(inTypeScript('throw new Error("no such thing");')).toEqual([]);
  expect(inTypeScript("a = sleep(5);")).toEqual([]);
});

test.each([
  [
    "the first predicate",
    "SELECT 1 FROM t WHERE a = 1 AND b = 2",
    "SELECT 1 FROM t WHERE (a = 1 OR true) AND b = 2",
  ],
  [
    "the last predicate",
    "SELECT 1 FROM t WHERE a = 1 AND b = 2 ORDER BY a",
    "SELECT 1 FROM t WHERE a = 1 AND (b = 2 OR true) ORDER BY a",
  ],
  ["an alternative", "SELECT 1 FROM t WHERE (a OR b)", "SELECT 1 FROM t WHERE (a OR (b AND false))"],
  [
    "a range as one predicate",
    "SELECT 1 FROM t WHERE a BETWEEN 1 AND 2 AND b",
    "SELECT 1 FROM t WHERE (a BETWEEN 1 AND 2 OR true) AND b",
  ],
  [
    "the condition of a join",
    "SELECT 1 FROM t JOIN u ON t.a = u.a WHERE b",
    "SELECT 1 FROM t JOIN u ON (t.a = u.a OR true) WHERE b",
  ],
  ["a test for NULL", "SELECT 1 FROM t WHERE a IS NULL", "SELECT 1 FROM t WHERE a IS NOT NULL"],
  ["an order's direction", "SELECT 1 FROM t ORDER BY a, b", "SELECT 1 FROM t ORDER BY a DESC, b"],
  ["an order", "SELECT 1 FROM t ORDER BY a, b LIMIT 1", "SELECT 1 FROM t  LIMIT 1"],
  [
    "the order of what may conflict",
    "INSERT INTO t SELECT 1 FROM s ORDER BY 1 ON CONFLICT DO NOTHING",
    "INSERT INTO t SELECT 1 FROM s ORDER BY 1 DESC ON CONFLICT DO NOTHING",
  ],
  ["a limit", "SELECT 1 FROM t LIMIT $1", "SELECT 1 FROM t LIMIT 1 + $1"],
  ["a lock", "SELECT 1 FROM t FOR UPDATE OF t SKIP LOCKED", "SELECT 1 FROM t "],
  [
    "a conflict that is passed over",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING",
    "INSERT INTO t VALUES (1) ",
  ],
  [
    "a conflict that is mended",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1 RETURNING a",
    "INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING RETURNING a",
  ],
  ["the sides of a coalesce", "SELECT coalesce(f(a, b), c)", "SELECT coalesce(c, f(a, b))"],
  ["an existence", "SELECT 1 WHERE NOT EXISTS (SELECT 1)", "SELECT 1 WHERE  EXISTS (SELECT 1)"],
  ["a branch", "IF a THEN b := 1; END IF;", "IF NOT coalesce((a), false) THEN b := 1; END IF;"],
])("%s is changed in SQL", (_, before, after) => {
  expect(inSql(before)).toContain(after);
});

test("an assignment and a comment stay", () => {
  expect(inSql("UPDATE t SET a = 1 -- where b = 2")).toEqual([]);
});

test("a function of the schema is known by its name and its parameters", () => {
  const text = "CREATE FUNCTION f(a text,\n  b text) RETURNS void LANGUAGE sql AS $$ SELECT 1 $$;";
  expect(functionBodies(text)).toMatchObject([
    {
      ...{ name: "f", signature: "f(a text, b text)", body: " SELECT 1 " },
      definition: text.replace("CREATE", "CREATE OR REPLACE").replace(/;$/, ""),
    },
  ]);
});
