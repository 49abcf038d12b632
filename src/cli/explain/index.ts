import { parseArgs } from "node:util";
import { type Explainer, type Query, UnknownPrincipalError } from "../../iam/explain/explainer.ts";
import { presentAnswer, presentDenial } from "../../iam/explain/present.ts";
import { parseDecisionId, parseQuery, QueryError } from "../../iam/explain/query.ts";
import { renderAnswer, renderDenial } from "./render.ts";

/** What the command works on: the policies in the server's database. */
export interface ExplainAccess {
  readonly explainer: Explainer;
}

export type WithExplainer = (work: (access: ExplainAccess) => Promise<number>) => Promise<number>;

const USAGE = `berth explain --principal ARN --action ACTION --resource ARN [--context KEY=VALUE ...] [--json]
berth explain --id DECISION [--json]

Says why a principal may or may not do something: each policy that has a say, each statement of it, which one decides,
and what would allow a request that is denied.

  --principal ARN       a root, user, role or session of a role
  --action ACTION       like ecr:PutImage
  --resource ARN        what it would be done to, or *
  --context KEY=VALUE   a condition key of the request, like aws:SourceIp=10.0.0.7; once more for another value
  --id DECISION         the decisionId in the body of a 403, or the request id of an error of the AWS API
  --json                everything in JSON
`;

/** A mistake in the arguments: said with the usage, exit code 2. */
class UsageError extends Error {}

type Asked = { readonly json: boolean } & ({ readonly id: string } | { readonly query: Query });

/** `berth explain …`; resolves with the exit code: 0 when there is an answer, 1 failed, 2 wrong usage. */
export async function explainCommand(argv: readonly string[], open: WithExplainer): Promise<number> {
  if (argv.length === 0 || argv.includes("--help")) {
    process.stdout.write(USAGE);
    return argv.length === 0 ? 2 : 0;
  }
  try {
    const asked = parse(argv);
    return await open((access) => answer(access, asked));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

function parse(argv: readonly string[]): Asked {
  let values: ReturnType<typeof parseOptions>;
  try {
    values = parseOptions(argv);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { id, principal, action, resource, context = [], json = false } = values;
  const others = [principal, action, resource, ...context].filter((value) => value !== undefined);
  try {
    if (id !== undefined) {
      if (others.length > 0) throw new UsageError("--id stands alone: the decision names the rest");
      return { id: parseDecisionId(id), json };
    }
    if (principal === undefined || action === undefined || resource === undefined) {
      throw new UsageError("berth explain needs --principal, --action and --resource, or --id");
    }
    return { json, query: parseQuery({ principal, action, resource, context }) };
  } catch (error) {
    if (error instanceof QueryError) throw new UsageError(`--${error.message}`);
    throw error;
  }
}

function parseOptions(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      principal: { type: "string" },
      action: { type: "string" },
      resource: { type: "string" },
      context: { type: "string", multiple: true },
      id: { type: "string" },
      json: { type: "boolean" },
    },
  });
  return values;
}

async function answer({ explainer }: ExplainAccess, asked: Asked): Promise<number> {
  if ("id" in asked) {
    const found = await explainer.explainDenial(asked.id);
    if (found === undefined) {
      throw new Error(
        `there is no decision ${asked.id}: a denial is written a moment after its answer, and kept for BERTH_AUDIT_RETENTION`,
      );
    }
    process.stdout.write(asked.json ? jsonOf(presentDenial(found)) : renderDenial(found));
    return 0;
  }
  const found = await explainer.explain(asked.query).catch((error: Error) => {
    if (error instanceof UnknownPrincipalError) throw new Error(`--principal: ${error.message}`);
    throw error;
  });
  process.stdout.write(asked.json ? jsonOf(presentAnswer(found)) : renderAnswer(found));
  return 0;
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
