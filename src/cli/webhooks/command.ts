import { type Command, InvalidArgumentError } from "commander";
import { DETAIL_TYPES } from "../../events/detail-types.ts";
import { doing } from "../command-line.ts";
import { type Io, writeJson } from "../io.ts";
import { hostArgument, hostValue, regionValue } from "../login/command.ts";
import { type OwnApi, openOwnApi } from "../own-api/client.ts";
import {
  renderDeliveries,
  renderMade,
  renderWebhooks,
  type ShownDeliveries,
  type ShownWebhook,
} from "./render.ts";

interface Common {
  readonly host?: string;
  readonly region?: string;
  readonly json?: boolean;
}

interface CreateOptions extends Common {
  readonly detailType?: readonly string[];
  readonly repositoryPrefix?: string;
}

interface DeliveriesOptions extends Common {
  readonly state?: string;
  readonly limit?: number;
}

/** Dead letters that the server replays at a time. */
const REPLAY_MAX = 1_000;

/** `berth webhooks`. */
export function addWebhooks(parent: Command, io: Io, env: NodeJS.ProcessEnv): void {
  const webhooks = parent
    .command("webhooks")
    .summary("who is told of a registry's events")
    .description(
      "Webhooks of your account's registry: who is told of its events by HTTPS, and how that goes.",
    );
  const add = (name: string, summary: string): Command =>
    webhooks
      .command(name)
      .summary(summary)
      .option("--host <host>", "the registry's host; may be left out when one is configured", hostValue)
      .option("--region <region>", "another than the server's own", regionValue)
      .option("--json", "as JSON");
  const open = async ({ host, region }: Common): Promise<OwnApi> =>
    openOwnApi(await hostArgument(host, env), env, region);
  addCreate(add, open, io);
  add("list", "those that there are").action(
    doing(async (options: Common) => {
      const list = (await (await open(options)).call({ method: "GET", path: ROOT })) as {
        readonly webhooks: readonly ShownWebhook[];
      };
      if (options.json) writeJson(io, list.webhooks);
      else io.stdout.write(renderWebhooks(list.webhooks));
    }),
  );
  add("test", "send it a test event now")
    .argument("<webhook>", "its id", idValue)
    .action(
      doing(async (id: string, options: Common) => {
        const attempt = (await (
          await open(options)
        ).call({ method: "POST", path: `${ROOT}/${id}/test` })) as {
          readonly delivered: boolean;
          readonly outcome: string;
        };
        if (options.json) writeJson(io, attempt);
        else if (attempt.delivered) io.stdout.write(`delivered: ${attempt.outcome}\n`);
        if (!attempt.delivered) throw new Error(`not delivered: ${attempt.outcome}`);
      }),
    );
  addDeliveries(add, open, io);
  add("replay", "deliver again what could not be delivered in 24 hours")
    .argument("<webhook>", "its id", idValue)
    .argument("[delivery...]", "ids of deliveries; all that are dead when none is named")
    .action(
      doing(async (id: string, deliveries: readonly string[], options: Common) => {
        const replayed = await replay(await open(options), id, deliveries);
        if (options.json) writeJson(io, { replayed });
        else io.stdout.write(`${replayed} replayed\n`);
      }),
    );
  add("delete", "with everything that waits for it")
    .argument("<webhook>", "its id", idValue)
    .action(
      doing(async (id: string, options: Common) => {
        await (await open(options)).call({ method: "DELETE", path: `${ROOT}/${id}` });
      }),
    );
}

const ROOT = "/v1/webhooks";

type Add = (name: string, summary: string) => Command;
type Open = (options: Common) => Promise<OwnApi>;

function addCreate(add: Add, open: Open, io: Io): void {
  add("create", "tell a URL of events from now on")
    .argument("<url>", "https://…")
    .option(
      "--detail-type <type>",
      `${DETAIL_TYPES.map((type) => `"${type}"`).join(", ")}; once more for another; all unless said`,
      (value: string, before: readonly string[] = []) => [...before, value],
    )
    .option("--repository-prefix <prefix>", "repositories whose names begin with it alone")
    .action(
      doing(async (url: string, options: CreateOptions) => {
        const { detailType: detailTypes, repositoryPrefix } = options;
        const api = await open(options);
        const body = { url, detailTypes, repositoryPrefix };
        const made = (await api.call({ method: "POST", path: ROOT, body })) as ShownWebhook & {
          readonly secret: string;
        };
        if (options.json) writeJson(io, made);
        else io.stdout.write(renderMade(made));
      }),
    );
}

function addDeliveries(add: Add, open: Open, io: Io): void {
  add("deliveries", "what was, is and could not be delivered, the newest first")
    .argument("<webhook>", "its id", idValue)
    .option("--state <state>", "waiting, delivered or dead")
    .option("--limit <n>", "how many, 50 unless said, at most 250", Number)
    .action(
      doing(async (id: string, options: DeliveriesOptions) => {
        const query = new URLSearchParams();
        if (options.state !== undefined) query.set("state", options.state);
        if (options.limit !== undefined) query.set("limit", String(options.limit));
        const path = `${ROOT}/${id}/deliveries?${query}`;
        const { deliveries } = (await (await open(options)).call({ method: "GET", path })) as ShownDeliveries;
        if (options.json) writeJson(io, deliveries);
        else io.stdout.write(renderDeliveries(deliveries));
      }),
    );
}

async function replay(api: OwnApi, id: string, deliveries: readonly string[]): Promise<number> {
  const body = deliveries.length === 0 ? {} : { deliveries };
  let total = 0;
  for (;;) {
    const answer = await api.call({ method: "POST", path: `${ROOT}/${id}/replay`, body });
    const { replayed } = answer as { readonly replayed: number };
    total += replayed;
    if (replayed < REPLAY_MAX) return total;
  }
}

/** For an argument: it goes into a path. @throws InvalidArgumentError */
function idValue(text: string): string {
  if (!/^wh_[0-9a-f]{16}$/.test(text)) {
    throw new InvalidArgumentError("It is no id of a webhook, such as wh_0123456789abcdef.");
  }
  return text;
}
