import type { IncomingMessage } from "node:http";
import type { WantedWebhook } from "../../events/webhooks/draft.ts";
import { parseStrictJson, StrictJsonError } from "../../registry/strict-json.ts";
import { readBody } from "../body.ts";
import { wrong } from "../own-api/parameters.ts";

const BODY_MAX = 64 * 1024;
/** Deliveries that a request may name, and types. */
const NAMED_MAX = 1_000;
const TYPES_MAX = 20;

type Json = Readonly<Record<string, unknown>>;

/** @throws Refusal UNSUPPORTED (400) naming member and rule */
export async function readWanted(request: IncomingMessage): Promise<WantedWebhook> {
  const body = await readObject(request, ["url", "detailTypes", "repositoryPrefix"]);
  const { url, repositoryPrefix } = body;
  if (typeof url !== "string") throw wrong("url must be a string");
  if (repositoryPrefix !== undefined && typeof repositoryPrefix !== "string") {
    throw wrong("repositoryPrefix must be a string");
  }
  return { url, detailTypes: textsOf(body, "detailTypes", TYPES_MAX), repositoryPrefix };
}

/** The ids that a replay is about; undefined for all. @throws Refusal UNSUPPORTED (400) naming member and rule */
export async function readReplay(request: IncomingMessage): Promise<readonly number[] | undefined> {
  const ids = textsOf(await readObject(request, ["deliveries"]), "deliveries", NAMED_MAX);
  if (ids?.some((id) => !/^\d{1,15}$/.test(id))) throw wrong("deliveries must be ids of deliveries");
  return ids?.map(Number);
}

/** An empty body is an empty object. What is misspelt is refused rather than left out. */
async function readObject(request: IncomingMessage, members: readonly string[]): Promise<Json> {
  const bytes = await readBody(request, BODY_MAX);
  if (bytes.length === 0) return {};
  const value = parsed(bytes);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong("the body must be a JSON object");
  }
  const stranger = Object.keys(value).find((name) => !members.includes(name));
  if (stranger === undefined) return value as Json;
  throw wrong(`the body must have ${members.join(", ")}, and no ${JSON.stringify(stranger.slice(0, 100))}`);
}

function parsed(bytes: Buffer): unknown {
  try {
    return parseStrictJson(bytes);
  } catch (error) {
    if (error instanceof StrictJsonError) throw wrong(error.message);
    throw error;
  }
}

function textsOf(body: Json, name: string, max: number): readonly string[] | undefined {
  const value = body[name];
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (isList && value.length <= max) return value;
  throw wrong(`${name} must be a list of at most ${max} strings`);
}
