import type { EcrOperations } from "../../../aws-models/ecr.types.ts";
import { AwsError } from "../aws-error.ts";
import type { AwsCall, ServiceHandlers } from "../call.ts";
import type { AnyHandler } from "../handlers.ts";
import { arnIn, registryOf } from "./registry.ts";

/** Something of ECR that Berth lacks as a whole. */
export interface LaterPart {
  /** What is missing, for the caller: follows "Berth …". */
  readonly lacks: string;
  readonly operations: readonly (keyof EcrOperations)[];
}

/** What is not there yet. An operation leaves this table when it comes. */
export const LATER: readonly LaterPart[] = [
  {
    lacks: "replicates no images",
    operations: [
      ...(["PutReplicationConfiguration", "DescribeImageReplicationStatus"] as const),
      ...(["StartReplicationBackfill", "StopReplicationBackfill"] as const),
      ...(["ListReplicationBackfills", "DescribeReplicationBackfillResults"] as const),
    ],
  },
  {
    lacks: "caches no other registries",
    operations: [
      ...(["CreatePullThroughCacheRule", "UpdatePullThroughCacheRule"] as const),
      ...(["DeletePullThroughCacheRule", "DescribePullThroughCacheRules"] as const),
      "ValidatePullThroughCacheRule",
    ],
  },
  {
    lacks: "scans no images",
    operations: [
      ...(["PutRegistryScanningConfiguration", "GetRegistryScanningConfiguration"] as const),
      ...(["BatchGetRepositoryScanningConfiguration", "StartImageScan"] as const),
      "DescribeImageScanFindings",
    ],
  },
  {
    lacks: "signs no images",
    operations: [
      ...(["PutSigningConfiguration", "GetSigningConfiguration"] as const),
      ...(["DeleteSigningConfiguration", "DescribeImageSigningStatus"] as const),
    ],
  },
  { lacks: "has one storage class", operations: ["UpdateImageStorageClass"] },
];

/** Handlers of what is in {@link LATER}: each call is checked and authorized like any other, and then told. */
export function laterHandlers(): ServiceHandlers<"ecr"> {
  return Object.fromEntries(
    LATER.flatMap(({ lacks, operations }) => operations.map((name) => [name, notYet(lacks)])),
  );
}

/** No error that clients try again, and none that they take for "there is none": nothing is known of what they ask. */
function notYet(lacks: string): AnyHandler {
  return async (call, input) => {
    for (const resource of resourcesOf(call as AwsCall, input as Named)) {
      await (call as AwsCall).authorize(resource);
    }
    throw new AwsError(
      "UnsupportedOperationException",
      `Berth does not have ${call.operation} yet: it ${lacks}`,
    );
  };
}

/** How an input names repositories, in every operation that is about some. */
interface Named {
  readonly registryId?: string;
  readonly repositoryName?: string;
  readonly repositoryNames?: readonly string[];
}

/** What has to be allowed: each repository that is named, or `*` for what belongs to the registry. */
function resourcesOf(call: AwsCall, input: Named): readonly string[] {
  const { repositoryName, repositoryNames = repositoryName === undefined ? [] : [repositoryName] } = input;
  const registry = registryOf(call, input);
  return repositoryNames.length === 0 ? ["*"] : repositoryNames.map((name) => arnIn(registry, name));
}
