import { BlockList, isIPv4 } from "node:net";

/**
 * A second, slow reading of IAM's rules that shares no code with src: it reads the JSON itself, translates wildcards to
 * regular expressions, lets the platform compare dates and addresses, and judges all statements before it concludes.
 */

export interface OracleStatement {
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface OracleDocument {
  readonly Version?: string;
  readonly Statement: readonly OracleStatement[];
}

export interface OracleCaller {
  readonly kind: "root" | "user" | "session" | "federated" | "service" | "anonymous";
  readonly account?: string;
  readonly arn?: string;
  readonly role?: string;
  readonly provider?: string;
  readonly service?: string;
}

export interface OracleAccess {
  readonly caller: OracleCaller;
  readonly action: string;
  readonly resource: string;
  readonly owner: string;
  /** Keys as any client might write them. */
  readonly context: Readonly<Record<string, readonly string[]>>;
  readonly identity: readonly OracleDocument[];
  readonly boundary: OracleDocument | undefined;
  readonly session: readonly OracleDocument[];
  readonly resources: readonly {
    readonly type: "repository" | "V1" | "V2" | "trust";
    readonly document: OracleDocument;
  }[];
}

/** `allowed`, or whose Deny (`deny:…`) or whose missing Allow (`none:…`) refuses. */
export type OracleVerdict = string;

const many = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [String(value)]);

/** Characters that stand for literal `*`, `?` and `$` between substitution and translation. */
const MARKS: Record<string, string> = { "*": "\ue001", "?": "\ue002", $: "\ue003" };

function mark(text: string): string {
  return text.replace(/[*?$]/g, (found) => MARKS[found] ?? found);
}

function unmark(text: string): string {
  for (const [plain, marked] of Object.entries(MARKS)) text = text.replaceAll(marked, plain);
  return text;
}

export function oracle(access: OracleAccess): OracleVerdict {
  const { caller, owner } = access;
  const action = access.action.toLowerCase();
  const lookup = (key: string): readonly string[] =>
    Object.entries(access.context).find(([name]) => name.toLowerCase() === key.toLowerCase())?.[1] ?? [];

  /** Replaces variables; undefined if one has no single value. */
  function substitute(text: string, document: OracleDocument): string | undefined {
    if (document.Version !== "2012-10-17") return text;
    let missing = false;
    const replaced = text.replace(/\$\{([^}]*)\}/g, (_, inside: string) => {
      if (inside in MARKS) return MARKS[inside] ?? "";
      const [key = "", fallback] = inside.split(/\s*,\s*/);
      const values = lookup(key.trim());
      if (values.length === 1) return mark(values[0] ?? "");
      if (values.length === 0 && fallback !== undefined) return mark(fallback.slice(1, -1));
      missing = true;
      return "";
    });
    return missing ? undefined : replaced;
  }

  function like(pattern: string, text: string): boolean {
    const source = pattern.replace(/[\s\S]/gu, (character) => {
      if (character === "*") return ".*";
      if (character === "?") return ".";
      return unmark(character).replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    });
    return new RegExp(`^(?:${source})$`, "su").test(text);
  }

  function arnLike(pattern: string, text: string): boolean {
    if (pattern === "*") return text.split(":").length >= 6;
    const cut = (arn: string): string[] => /^(.*?):(.*?):(.*?):(.*?):(.*?):(.*)$/s.exec(arn)?.slice(1) ?? [];
    const [wanted, found] = [cut(pattern), cut(text)];
    return (
      found.length === 6 &&
      found[0] === "arn" &&
      wanted.length === 6 &&
      wanted.every((each, at) => like(each, found[at] ?? ""))
    );
  }

  function inBlock(block: string, address: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
    const [network = "", length] = block.split("/");
    const family = (text: string) => (isIPv4(text) ? "ipv4" : "ipv6");
    if (family(network) !== family(plain) || !/^[0-9a-f:.]+$/i.test(plain)) return false;
    const list = new BlockList();
    list.addSubnet(network, Number(length ?? (isIPv4(network) ? 32 : 128)), family(network));
    return list.check(plain, family(plain));
  }

  const moment = (text: string): number =>
    /^\d+$/.test(text) && text.length !== 4 ? Number(text) * 1000 : Date.parse(text);
  const number = (text: string): number => (text.trim() === "" ? Number.NaN : Number(text));

  /** One value of the request against one of the policy, by the positive form of the operator. */
  function compare(operator: string, written: string, found: string, document: OracleDocument): boolean {
    if (/^(String|Arn)/.test(operator)) {
      const wanted = substitute(written, document);
      if (wanted === undefined) return false;
      if (operator === "StringEquals") return unmark(wanted) === found;
      if (operator === "StringEqualsIgnoreCase") return unmark(wanted).toLowerCase() === found.toLowerCase();
      return operator === "StringLike" ? like(wanted, found) : arnLike(wanted, found);
    }
    if (operator === "Bool") return written.toLowerCase() === found.toLowerCase();
    if (operator === "BinaryEquals") return atob(written) === atob(found);
    if (operator === "IpAddress") return inBlock(written, found);
    const [a, b] = operator.startsWith("Date")
      ? [moment(found), moment(written)]
      : [number(found), number(written)];
    switch (operator.replace(/^(Date|Numeric)/, "")) {
      case "Equals":
        return a === b;
      case "LessThan":
        return a < b;
      case "LessThanEquals":
        return a <= b;
      case "GreaterThan":
        return a > b;
      case "GreaterThanEquals":
        return a >= b;
      default:
        throw new Error(operator);
    }
  }

  function conditionHolds(
    operator: string,
    key: string,
    wanted: string[],
    document: OracleDocument,
  ): boolean {
    const found = lookup(key);
    if (operator === "Null") return wanted.some((each) => (each === "true") === (found.length === 0));
    const optional = operator.endsWith("IfExists");
    const [, quantifier, name = ""] =
      /^(?:(ForAllValues|ForAnyValue):)?(.*?)(?:IfExists)?$/.exec(operator) ?? [];
    if (optional && found.length === 0) return true;
    const negative = name.includes("Not");
    const positive = name.replace("Not", "");
    const one = (value: string): boolean => {
      const hits = wanted.filter((each) => compare(positive, each, value, document)).length;
      return negative ? hits === 0 : hits > 0;
    };
    if (quantifier === "ForAllValues") {
      if (found.join("") === "") return true;
      return found.filter((value) => !one(value)).length === 0;
    }
    if (quantifier === "ForAnyValue") return found.filter(one).length > 0;
    if (found.length === 0) return negative;
    return negative ? found.filter((value) => !one(value)).length === 0 : found.filter(one).length > 0;
  }

  /** 0 not named, 1 by account, 2 by role, 3 in person. */
  function named(principal: unknown): number {
    if (principal === "*") return 3;
    const scores = [0];
    for (const [type, values] of Object.entries(principal as object)) {
      for (const value of many(values)) {
        if (type === "AWS" && value === "*") scores.push(3);
        else if (type === "Service" && caller.service === value) scores.push(3);
        else if (type === "Federated" && caller.provider === value) scores.push(3);
        else if (type === "AWS" && caller.arn !== undefined) {
          const account = /^\d+$/.test(value) ? value : /^arn:aws:iam::(\d+):root$/.exec(value)?.[1];
          if (value === caller.arn) scores.push(3);
          else if (caller.role !== undefined && value === caller.role) scores.push(2);
          else if (account === caller.account) scores.push(caller.kind === "root" ? 3 : 1);
        }
      }
    }
    return Math.max(...scores);
  }

  function isExcepted(principal: unknown): boolean {
    if (principal === "*") return true;
    const aws = many((principal as Record<string, unknown>)["AWS"] ?? []);
    if (aws.includes("*")) return true;
    if (caller.account === undefined) return named(principal) > 0;
    const accountForms = [caller.account, `arn:aws:iam::${caller.account}:root`];
    if (!aws.some((each) => accountForms.includes(each))) return false;
    const others = aws.filter(
      (each) => each.includes(`::${caller.account}:`) && !accountForms.includes(each),
    );
    if (caller.kind === "root" || others.length === 0) return true;
    if (caller.kind === "user") return others.includes(caller.arn ?? "");
    const prefix = (caller.arn ?? "").split("/").slice(0, 2).join("/");
    const sessions = others.filter((each) => each.startsWith(`${prefix}/`));
    return (
      others.includes(caller.role ?? "") && (sessions.length === 0 || sessions.includes(caller.arn ?? ""))
    );
  }

  /** How strongly a statement applies: 0 not, else as {@link named}. */
  function applies(statement: OracleStatement, document: OracleDocument): number {
    let strength = 3;
    if (statement.Principal !== undefined) strength = named(statement.Principal);
    if (statement.NotPrincipal !== undefined) {
      strength = access.boundary === undefined && isExcepted(statement.NotPrincipal) ? 0 : 3;
    }
    const actions = many(statement.Action ?? statement.NotAction);
    if (actions.some((each) => like(each.toLowerCase(), action)) === (statement.Action === undefined))
      return 0;
    const resources = statement.Resource ?? statement.NotResource;
    if (resources !== undefined) {
      const patterns = many(resources).map((each) => complete(substitute(each, document)));
      const hit = patterns.some((each) => each !== undefined && like(each, access.resource));
      if (statement.Resource !== undefined && !hit) return 0;
      if (statement.NotResource !== undefined) {
        if (hit) return 0;
        if (statement.Effect === "Allow" && patterns.includes(undefined)) return 0;
      }
    }
    for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
      for (const [key, wanted] of Object.entries(keys)) {
        if (!conditionHolds(operator, key, many(wanted), document)) return 0;
      }
    }
    return strength;
  }

  /** An incomplete ARN gets wildcards for what is missing. */
  function complete(arn: string | undefined): string | undefined {
    let completed = arn;
    while (completed?.includes(":") && completed.split(":").length < 6) completed += ":*";
    return completed;
  }

  const strongest = (document: OracleDocument, effect: string): number =>
    Math.max(0, ...document.Statement.map((each) => (each.Effect === effect ? applies(each, document) : 0)));
  const says = (documents: readonly OracleDocument[], effect: string): boolean =>
    documents.some((each) => strongest(each, effect) > 0);

  const ownRoot = caller.kind === "root" && caller.account === owner;
  const policyAction = /^ecr:(get|set|put|delete)(repository|registry)policy$/.test(action);
  const hasSay: Record<string, boolean> = {
    trust: action.startsWith("sts:") && /^arn:aws:iam::\d+:role\//.test(access.resource),
    repository: action.startsWith("ecr:") && /^arn:aws:ecr:[^:]*:\d+:repository\//.test(access.resource),
    V1: /^ecr:(replicateimage|batchimportupstreamimage|createrepository)$/.test(action),
    V2: action.startsWith("ecr:") && /^(\*|arn:aws:ecr:.*)$/.test(access.resource),
  };
  // Whoever of the owning account may mend a policy by its own ones is not asked by that policy.
  if (policyAction && caller.account === owner && access.resources.length > 0) {
    if (oracle({ ...access, resources: [] }) === "allowed") return "allowed";
  }
  const resources = access.resources.filter(({ type }) => hasSay[type]);
  const trust = access.resources.some(({ type }) => type === "trust");
  const resourceSide = trust ? "trust" : "resource";
  const boundary = access.boundary === undefined ? [] : [access.boundary];
  const resourceDocuments = resources.map(({ document }) => document);

  if (says(access.identity, "Deny")) return "deny:identity";
  if (says(boundary, "Deny")) return "deny:boundary";
  if (says(access.session, "Deny")) return "deny:session";
  if (says(resourceDocuments, "Deny")) return `deny:${resourceSide}`;

  const granted = Math.max(0, ...resourceDocuments.map((each) => strongest(each, "Allow")));
  const identity = caller.kind === "root" || says(access.identity, "Allow");
  const narrowed =
    boundary.length > 0 && !says(boundary, "Allow")
      ? "none:boundary"
      : access.session.length > 0 && !says(access.session, "Allow")
        ? "none:session"
        : undefined;

  if (ownRoot && !trust) return narrowed ?? "allowed";
  if (action === "ecr:getauthorizationtoken")
    return identity && caller.account ? (narrowed ?? "allowed") : "none:identity";
  if (caller.account === undefined) return granted > 0 ? "allowed" : `none:${resourceSide}`;
  if (caller.account !== owner) {
    if (!identity) return "none:identity";
    return narrowed ?? (granted > 0 ? "allowed" : `none:${resourceSide}`);
  }
  if (granted === 3) return "allowed";
  if (trust && granted === 0) return "none:trust";
  if (!identity && granted < 2) return "none:identity";
  return narrowed ?? "allowed";
}
