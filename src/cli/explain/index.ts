import type { Command } from "commander";
import { type Explainer, type Query, UnknownPrincipalError } from "../../iam/explain/explainer.ts";
import { presentAnswer, presentDenial } from "../../iam/explain/present.ts";
import { parseDecisionId, parseQuery, QueryError } from "../../iam/explain/query.ts";
import { doing, UsageError } from "../command-line.ts";
import { type Io, writeJson } from "../io.ts";
import { renderAnswer, renderDenial } from "./render.ts";

/** What the command works on: the policies in the server's database. */
export interface ExplainAccess {
  readonly explainer: Explainer;
}

export type WithExplainer = (work: (access: ExplainAccess) => Promise<void>) => Promise<void>;

interface ExplainOptions {
  readonly principal?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly context?: readonly string[];
  readonly id?: string;
  readonly json?: boolean;
}

type Asked = { readonly json: boolean } & ({ readonly id: string } | { readonly query: Query });

/** `berth explain`. */
export function addExplain(parent: Command, io: Io, open: WithExplainer): void {
  parent
    .command("explain")
    .summary("why somebody may or may not do something, or why a request was refused")
    .description(
      "Says why a principal may or may not do something: each policy that has a say, each statement of it, which one " +
        "decides, and what would allow a request that is denied.",
    )
    .option("--principal <arn>", "a root, user, role or session of a role")
    .option("--action <action>", "like ecr:PutImage")
    .option("--resource <arn>", "what it would be done to, or *")
    .option(
      "--context <key=value>",
      "a condition key of the request, like aws:SourceIp=10.0.0.7; once more for another value",
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option(
      "--id <decision>",
      "the decisionId in the body of a 403, or the request id of an error of the AWS API",
    )
    .option("--json", "everything in JSON")
    .action(
      doing(async (options: ExplainOptions) => {
        const asked = askedOf(options);
        await open((access) => answer(access, asked, io));
      }),
    );
}

function askedOf({ id, principal, action, resource, context = [], json = false }: ExplainOptions): Asked {
  const others = [principal, action, resource, ...context].filter((value) => value !== undefined);
  try {
    if (id !== undefined) {
      if (others.length > 0) throw new UsageError("--id stands alone: the decision names the rest");
      return { id: parseDecisionId(id), json };
    }
    if (principal === undefined || action === undefined || resource === undefined) {
      throw new UsageError("explain needs --principal, --action and --resource, or --id");
    }
    return { json, query: parseQuery({ principal, action, resource, context }) };
  } catch (error) {
    if (error instanceof QueryError) throw new UsageError(`--${error.message}`);
    throw error;
  }
}

async function answer({ explainer }: ExplainAccess, asked: Asked, io: Io): Promise<void> {
  if ("id" in asked) {
    const found = await explainer.explainDenial(asked.id);
    if (found === undefined) {
      throw new Error(
        `there is no decision ${asked.id}: a denial is written a moment after its answer, and kept for BERTH_AUDIT_RETENTION`,
      );
    }
    if (asked.json) writeJson(io, presentDenial(found));
    else io.stdout.write(renderDenial(found));
    return;
  }
  const found = await explainer.explain(asked.query).catch((error: Error) => {
    if (error instanceof UnknownPrincipalError) throw new Error(`--principal: ${error.message}`);
    throw error;
  });
  if (asked.json) writeJson(io, presentAnswer(found));
  else io.stdout.write(renderAnswer(found));
}
