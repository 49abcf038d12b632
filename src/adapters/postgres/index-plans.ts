/**
 * What every connection asks of PostgreSQL's planner first: everything here is short and has its index, so no plan may
 * depend on how small a table was when statistics were taken. A plan is kept for as long as they are: one that reads a
 * whole table of three pages goes on doing so when it has three thousand. Costs of disabled nodes would start the compiler.
 */
export const PLAN_BY_INDEX = `SELECT ${[
  "enable_seqscan",
  "enable_hashjoin",
  "enable_mergejoin",
  "enable_bitmapscan",
  "jit",
]
  .map((setting) => `set_config('${setting}', 'off', false)`)
  .join(", ")}`;
