import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { hostOf, repositoryArgument } from "../browse/reference.ts";
import { doing } from "../command-line.ts";
import { type EcrApi, openEcrApi } from "../ecr-api/client.ts";
import { timeOf } from "../ecr-api/wire.ts";
import type { WrittenReference } from "../images/reference.ts";
import { type Io, writeJson } from "../io.ts";
import { openOwnApi } from "../own-api/client.ts";
import { whileWaiting } from "../tables/waiting.ts";
import { makePreview, renderPreview } from "./preview.ts";

interface Common {
  readonly json?: boolean;
}

interface PreviewOptions extends Common {
  readonly policy?: string;
}

/** `berth lifecycle`. */
export function addLifecycle(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  const lifecycle = parent
    .command("lifecycle")
    .summary("which images of a repository go by themselves")
    .description(
      "Lifecycle policies of a repository, by the ECR API and with your own credentials: what they are, and what they would do.",
    );
  const verb = (name: string, summary: string): Command =>
    lifecycle
      .command(name)
      .summary(summary)
      .argument(
        "<repository>",
        "[HOST/]REPO; the host may be left out when one is configured",
        repositoryArgument,
      );
  const open = async (reference: WrittenReference): Promise<EcrApi> =>
    openEcrApi(await hostOf(reference, env), env, io.signal);
  verb("preview", "what a policy would delete, by which rule, why, and what comes back")
    .option("--policy <file>", "the text of a policy, - for stdin; by default the one that is set")
    .option("--json", "as JSON")
    .action(
      doing(async (reference: WrittenReference, { policy, json = false }: PreviewOptions) => {
        const ecr = await open(reference);
        const own = await openOwnApi(ecr.host, env, ecr.region);
        const text = policy === undefined ? undefined : await textOf(policy, io);
        const made = makePreview(ecr, own, reference.repository, text, io.signal);
        const preview = await whileWaiting(io, "judging the images…", made);
        if (json) writeJson(io, preview);
        else io.stdout.write(renderPreview(io, preview, new Date()));
      }),
    );
  verb("get", "the text of the policy")
    .option("--json", "as JSON, with when it was carried out last")
    .action(
      doing(async (reference: WrittenReference, { json = false }: Common) => {
        const found = await (await open(reference)).call("GetLifecyclePolicy", {
          repositoryName: reference.repository,
        });
        const { lifecyclePolicyText: policy = "", lastEvaluatedAt = 0 } = found;
        // Before the first run it is the beginning of 1970.
        const evaluatedAt = lastEvaluatedAt === 0 ? null : timeOf(lastEvaluatedAt)?.toISOString();
        if (json) writeJson(io, { repository: reference.repository, policy, evaluatedAt });
        else io.stdout.write(`${policy.trimEnd()}\n`);
      }),
    );
  verb("put", "set the policy; it is carried out within seconds")
    .argument("<file>", "its text, - for stdin")
    .action(
      doing(async (reference: WrittenReference, file: string) => {
        const ecr = await open(reference);
        const lifecyclePolicyText = await textOf(file, io);
        await ecr.call("PutLifecyclePolicy", { repositoryName: reference.repository, lifecyclePolicyText });
      }),
    );
  verb("delete", "take the policy away").action(
    doing(async (reference: WrittenReference) => {
      await (await open(reference)).call("DeleteLifecyclePolicy", { repositoryName: reference.repository });
    }),
  );
}

async function textOf(file: string, { stdin }: Io): Promise<string> {
  if (file !== "-") {
    return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new Error(`cannot read ${file}: ${error.code}`);
    });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
