import { expect, test } from "vitest";
import { loadModel, SERVICES } from "../../../src/aws-models/model.ts";
import { ecrHandlers } from "../../../src/http/aws/ecr/index.ts";
import type { EcrPorts } from "../../../src/http/aws/ecr/ports.ts";
import { ecrPublicHandlers } from "../../../src/http/aws/ecr-public/index.ts";
import type { EcrPublicPorts } from "../../../src/http/aws/ecr-public/ports.ts";
import { missingOperations } from "../../../src/http/aws/handlers.ts";
import { iamHandlers } from "../../../src/http/aws/iam/index.ts";
import type { IamPorts } from "../../../src/http/aws/iam/ports.ts";
import { stsHandlers } from "../../../src/http/aws/sts/index.ts";
import type { StsPorts } from "../../../src/iam/sessions/ports.ts";

const ecr = await loadModel("ecr");
const handlers = {
  ecr: ecrHandlers({} as EcrPorts),
  "ecr-public": ecrPublicHandlers({} as EcrPublicPorts),
  iam: iamHandlers({} as IamPorts),
  sts: stsHandlers({} as StsPorts),
};

/** What a client is told "is not implemented here". An operation that gets its handler leaves this list. */
test("operations of ECR without a handler", () => {
  expect(missingOperations(ecr, handlers, "ecr")).toMatchInlineSnapshot("[]");
});

test.each(SERVICES)("every handler of %s belongs to an operation of its model", async (service) => {
  const model = await loadModel(service);
  const names = Object.keys((handlers as Record<string, object>)[service] ?? {});
  expect(names.filter((name) => !Object.hasOwn(model.operations, name))).toEqual([]);
});
