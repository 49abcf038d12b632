import { loadModel } from "../../../src/aws-models/model.ts";
import { LATER } from "../../../src/http/aws/ecr/later.ts";
import * as operations from "../../../src/http/aws/ecr/operations/index.ts";
import { OTHERWISE, WITHOUT_EFFECT } from "./facts.ts";
import { inputMembers } from "./members.ts";

const model = await loadModel("ecr");

/** Operations of ECR that do what they say, by name. */
export const WORKING: readonly string[] = Object.keys(operations).sort();

/** `docs/ecr-api.md`. */
export function ecrApiDocument(): string {
  const names = Object.keys(model.operations).sort();
  return `# The ECR API

Berth speaks the API of Amazon ECR (${model.apiVersion}): \`POST /\` in AWS JSON 1.1, signed with SigV4. Any AWS SDK, the
AWS CLI and Terraform use it with an endpoint of their own, such as \`aws ecr --endpoint-url https://registry.example.com\`.
An operation takes the permission that is called like it, \`ecr:CreateRepository\` for \`CreateRepository\`.

${WORKING.length} of ${names.length} operations work. The others are known: their input is checked and their permission asked for, and then
they answer HTTP 400 with \`UnsupportedOperationException\`, which names the operation and what Berth lacks. No client
tries that again by itself, and nothing is pretended.

## Operations

| Operation | In Berth |
|---|---|
${names.map((name) => `| \`${name}\` | ${stateOf(name)} |`).join("\n")}

## What has no effect yet

These members are checked like all others.

| Operation | Member | What becomes of it |
|---|---|---|
${WORKING.flatMap(withoutEffect).join("\n")}

## Other than on AWS

| Operation | What differs |
|---|---|
${WORKING.flatMap(otherwise).join("\n")}
`;
}

function stateOf(name: string): string {
  if (WORKING.includes(name)) return "works";
  const part = LATER.find((each) => (each.operations as readonly string[]).includes(name));
  return part === undefined ? "not there: `UnknownOperationException`" : `not yet: Berth ${part.lacks}`;
}

function withoutEffect(operation: string): readonly string[] {
  return inputMembers(model, operation).flatMap(({ name, path }) =>
    WITHOUT_EFFECT.filter(({ members }) => members.includes(name)).map(
      ({ says }) => `| \`${operation}\` | \`${path}\` | ${says} |`,
    ),
  );
}

function otherwise(operation: string): readonly string[] {
  const says = OTHERWISE[operation];
  return says === undefined ? [] : [`| \`${operation}\` | ${says} |`];
}
