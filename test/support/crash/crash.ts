import { rm } from "node:fs/promises";
import type { TestBerth } from "../berth.ts";
import { checkDurable, checkEmpty, checkFacts, checkStorage, checkVisible } from "./checks.ts";
import type { CrashingChild } from "./child-process.ts";
import { ask, type Reply } from "./client.ts";
import { collectAfterDeletion, collectEverything } from "./collect.ts";
import type { Lane } from "./lane.ts";
import {
  type Call,
  closingPut,
  type Fact,
  type Locations,
  locationOf,
  type Push,
  type Session,
} from "./pushes.ts";

/** How a child is to die: told before the push, or killed from outside while it runs. */
export interface Death {
  readonly name: string;
  /** A body that comes in fewer chunks than before may not get there; the child then dies after its last answer. */
  readonly mayMiss?: boolean;
  arm(child: CrashingChild): Promise<void>;
}

/** How far a push came. */
interface Progress {
  /** What was answered last about each path, and what may hold besides because a call had no answer. */
  readonly facts: Map<string, readonly Fact[]>;
  readonly locations: Locations;
  /** Sessions that were opened and not ended, with the bytes that the server has acknowledged. */
  readonly open: Map<Session, number>;
  /** The call that had no answer. */
  unanswered: Call | undefined;
  readonly problems: string[];
}

/** How long a child that gave no answer may take to be gone. */
const DYING_MAX = 10_000;

/**
 * One crash: a push to a child that dies within it, then everything that must hold of what it leaves behind.
 * @returns what is wrong, and whether the child died where it should
 */
export async function crash(
  lane: Lane,
  push: Push,
  death: Death,
): Promise<{ readonly problems: readonly string[]; readonly died: boolean }> {
  const { child, trace } = await lane.nextChild();
  const progress: Progress = {
    facts: new Map(),
    locations: new Map(),
    open: new Map(),
    unanswered: undefined,
    problems: [],
  };
  await drive(child.url, push.before, progress);
  await death.arm(child);
  await drive(child.url, push.calls, progress);
  const died = progress.unanswered !== undefined;
  if (died) await gone(child, progress);
  await child.kill();
  if (child.errors() !== "") progress.problems.push(`the child says ${child.errors()}`);
  const berth = await lane.restart();
  try {
    progress.problems.push(...(await checkDurable(berth, trace)));
    progress.problems.push(...(await checkAfterwards(lane, berth, push, progress)));
    const bugs = berth.log.filter(({ level }) => level === "error");
    if (bugs.length > 0) progress.problems.push(`the restarted server logs ${JSON.stringify(bugs)}`);
  } finally {
    await berth.stop();
    if (trace !== undefined) await rm(trace);
  }
  return { problems: progress.problems, died };
}

/** Sends calls until one has no answer. */
async function drive(url: string, calls: readonly Call[], progress: Progress): Promise<void> {
  for (const call of calls) {
    let reply: Reply;
    try {
      reply = await ask(url, call.request(progress.locations));
    } catch {
      progress.unanswered = call;
      break;
    }
    note(call, reply, progress);
  }
  const fact = progress.unanswered?.fact;
  if (fact === undefined) return;
  progress.facts.set(fact.path, [...(progress.facts.get(fact.path) ?? [absence(fact)]), fact]);
}

function absence({ path }: Fact): Fact {
  return { path, bytes: undefined };
}

function note(call: Call, reply: Reply, { facts, locations, open, problems }: Progress): void {
  const { method, path } = call.request(locations);
  if (reply.status !== call.status) {
    problems.push(`${method} ${path} is answered ${reply.status}: ${reply.body.toString().slice(0, 300)}`);
  }
  if (call.opens !== undefined) {
    locations.set(call.opens.name, String(reply.headers.location));
    open.set(call.opens, 0);
  }
  if (call.closes !== undefined) open.delete(call.closes);
  if (method === "PATCH") {
    const session = [...open.keys()].find(({ name }) => locations.get(name) === path);
    if (session !== undefined) open.set(session, sizeIn(reply));
  }
  if (call.fact !== undefined) facts.set(call.fact.path, [call.fact]);
}

async function gone(child: CrashingChild, { problems }: Progress): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      problems.push("the child answers no more and lives");
      resolve();
    }, DYING_MAX);
  });
  await Promise.race([child.exited, late]);
  clearTimeout(timer);
}

async function checkAfterwards(
  lane: Lane,
  berth: TestBerth,
  push: Push,
  progress: Progress,
): Promise<readonly string[]> {
  const { url, database } = berth;
  const problems = [
    ...(await checkFacts(url, progress.facts.values())),
    ...(await checkVisible(berth)),
    ...(await resume(url, progress)),
    ...(await repeat(url, push.calls)),
    ...(await checkVisible(berth)),
  ];
  await collectEverything(database, lane.storage);
  problems.push(...(await checkStorage(berth, lane, "after expiry")), ...(await checkVisible(berth)));
  await collectAfterDeletion(database, lane.storage);
  problems.push(...(await checkStorage(berth, lane, "after deletion")), ...(await checkEmpty(berth, lane)));
  return problems;
}

/** Continues what was open where the server says that it is. */
async function resume(url: string, { open, locations, unanswered }: Progress): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [session, acknowledged] of open) {
    const path = locationOf(locations, session);
    const state = await ask(url, { method: "GET", path });
    if (state.status === 404 && unanswered?.closes === session) {
      if (unanswered.fact === undefined) continue;
      const again = await ask(url, unanswered.request(locations));
      if (again.status !== unanswered.status)
        problems.push(`the last PUT once more is answered ${again.status}`);
      continue;
    }
    const size = sizeIn(state);
    if (state.status !== 204 || size < acknowledged || size > session.bytes.length) {
      problems.push(
        `the session has ${size} bytes (${state.status}) after ${acknowledged} were acknowledged`,
      );
      continue;
    }
    const rest = await ask(url, { method: "PATCH", path, body: session.bytes.subarray(size) });
    if (rest.status !== 202) problems.push(`continuing is answered ${rest.status}: ${rest.body.toString()}`);
    const end = await ask(url, closingPut(locations, session));
    if (end.status !== 201) problems.push(`completing is answered ${end.status}: ${end.body.toString()}`);
  }
  return problems;
}

/** The very same push once more, from its beginning. */
async function repeat(url: string, calls: readonly Call[]): Promise<readonly string[]> {
  const locations: Locations = new Map();
  const problems: string[] = [];
  const facts = new Map<string, readonly Fact[]>();
  for (const { request, status, repeated, opens, fact } of calls) {
    const asked = request(locations);
    const reply = await ask(url, asked);
    if (reply.status !== status && reply.status !== repeated) {
      problems.push(`repeated, ${asked.method} ${asked.path} is answered ${reply.status}: ${reply.body}`);
    }
    if (opens !== undefined) locations.set(opens.name, String(reply.headers.location));
    if (fact !== undefined) facts.set(fact.path, [fact]);
  }
  return [...problems, ...(await checkFacts(url, facts.values()))];
}

/** `0-0` is an empty session: no push here confirms a single byte. */
function sizeIn({ headers }: Reply): number {
  const last = Number(/^0-(\d+)$/.exec(String(headers["range"]))?.[1] ?? 0);
  return last === 0 ? 0 : last + 1;
}
