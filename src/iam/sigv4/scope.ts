/** What a signature is good for: one day, one region, one service. */
export interface CredentialScope {
  readonly accessKeyId: string;
  /** `yyyymmdd`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
}

/** `<key id>/<date>/<region>/<service>/aws4_request`; undefined when it has not five parts. */
export function parseScope(credential: string): CredentialScope | undefined {
  const parts = credential.split("/");
  const [accessKeyId = "", date = "", region = "", service = "", terminator = ""] = parts;
  if (parts.length !== 5 || accessKeyId === "") return undefined;
  return { accessKeyId, date, region, service, terminator };
}

export function scopeText({ date, region, service, terminator }: CredentialScope): string {
  return `${date}/${region}/${service}/${terminator}`;
}

/** What a door accepts. */
export interface AcceptedScope {
  readonly service: string;
  accepts(region: string): boolean;
}

/** Everything that is wrong with a scope, in AWS's sentences; empty when it is right. */
export function scopeProblems(scope: CredentialScope, date: string, accepted: AcceptedScope): string {
  const problems: string[] = [];
  if (!accepted.accepts(scope.region)) {
    problems.push(`Credential should be scoped to a valid region, not '${cut(scope.region)}'.`);
  }
  if (scope.service !== accepted.service) {
    problems.push(`Credential should be scoped to correct service: '${accepted.service}'.`);
  }
  if (scope.terminator !== "aws4_request") {
    problems.push("Credential should be scoped with a valid terminator: 'aws4_request'.");
  }
  if (scope.date !== date.slice(0, 8)) {
    problems.push(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${cut(scope.date)}' != '${date.slice(0, 8)}', from '${date}'.`,
    );
  }
  return problems.join(" ");
}

function cut(text: string): string {
  return text.slice(0, 32);
}
