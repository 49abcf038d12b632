import type { Clock } from "../clock.ts";
import type { KnownUploads } from "../uploads/known-uploads.ts";
import type { BlobStorage } from "./blob-storage.ts";
import type { BlobStore } from "./blob-store.ts";
import type { Hashing } from "./hashing.ts";
import type { ImageStore } from "./image-store.ts";
import type { ManifestStore } from "./manifest-store.ts";
import type { PullNotes, PullStore } from "./pull-store.ts";
import type { RegistryStore } from "./registry-store.ts";
import type { RepositoryStore } from "./repository-store.ts";
import type { TemplateStore } from "./template-store.ts";
import type { UploadStore } from "./upload-store.ts";

export * from "./account-setting-store.ts";
export * from "./blob-storage.ts";
export * from "./blob-store.ts";
export * from "./garbage-store.ts";
export * from "./hashing.ts";
export * from "./image-store.ts";
export * from "./manifest-store.ts";
export * from "./outbox.ts";
export * from "./policy-rules.ts";
export * from "./policy-store.ts";
export * from "./pull-store.ts";
export * from "./registry-store.ts";
export * from "./repository-store.ts";
export * from "./resource-tag-store.ts";
export * from "./template-store.ts";
export * from "./upload-store.ts";

/** Bounds of the domain, from configuration. */
export interface RegistryLimits {
  /** Bytes of one blob. */
  readonly blobSizeMax: number;
  /** Open upload sessions of one principal. */
  readonly uploadsPerPrincipal: number;
  /** Milliseconds without activity after which an upload session ends. */
  readonly uploadExpiry: number;
}

/** Everything that the domain needs from outside. */
export interface RegistryPorts {
  readonly registries: RegistryStore;
  readonly repositories: RepositoryStore;
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
  readonly images: ImageStore;
  readonly templates: TemplateStore;
  readonly pulls: PullStore;
  readonly pullTimes: PullNotes;
  readonly uploads: UploadStore;
  readonly storage: BlobStorage;
  readonly hashing: Hashing;
  readonly knownUploads: KnownUploads;
  readonly clock: Clock;
  readonly limits: RegistryLimits;
}
