-- The registry: who owns what, blobs and where their bytes are, manifests, tags, upload sessions, and the queues
-- through which space comes back.
-- compatible-with: 1

-- An account owns registries and principals. The id is AWS's: 12 digits.
CREATE TABLE accounts (
  id text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9]{12}$'),
  created_at timestamptz NOT NULL
);

-- One registry per account and region; blobs are never shared across registries.
CREATE TABLE registries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  region text COLLATE "C" NOT NULL,
  UNIQUE (account_id, region)
);

-- Access keys sign requests, so the secret is kept encrypted (AES-256-GCM, master key named by master_key_id), not hashed.
CREATE TABLE access_keys (
  id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  principal_arn text COLLATE "C" NOT NULL,
  secret_ciphertext bytea NOT NULL,
  master_key_id text COLLATE "C" NOT NULL,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL
);
CREATE INDEX access_keys_account ON access_keys (account_id);

-- A repository. tag_filters: wildcards of the tags for which the opposite of tag_mutability holds. deleted_at frees the name at once; a worker removes the rest by id.
CREATE TABLE repositories (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  registry_id bigint NOT NULL REFERENCES registries (id),
  name text COLLATE "C" NOT NULL,
  sparse boolean NOT NULL DEFAULT false,
  tag_mutability text COLLATE "C" NOT NULL DEFAULT 'MUTABLE'
    CHECK (tag_mutability IN ('MUTABLE', 'IMMUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION')),
  tag_filters text[] COLLATE "C" NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  deleted_at timestamptz
);
CREATE UNIQUE INDEX repositories_live_name ON repositories (registry_id, name) WHERE deleted_at IS NULL;
CREATE INDEX repositories_registry ON repositories (registry_id);
CREATE INDEX repositories_deleted ON repositories (id) WHERE deleted_at IS NOT NULL;

-- A blob is a digest in a registry. digest = algorithm byte (1 sha256, 2 sha512) + hash. '' = not encrypted by a key of its own.
CREATE TABLE blobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  registry_id bigint NOT NULL REFERENCES registries (id),
  digest bytea NOT NULL,
  encryption_key text COLLATE "C" NOT NULL DEFAULT '',
  size bigint NOT NULL CHECK (size >= 0),
  created_at timestamptz NOT NULL,
  UNIQUE (registry_id, digest, encryption_key)
);

-- Where the bytes of a blob are: a random key in a store.
CREATE TABLE objects (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  blob_id bigint NOT NULL REFERENCES blobs (id),
  store text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'missing', 'corrupt')),
  created_at timestamptz NOT NULL,
  UNIQUE (store, key)
);
CREATE INDEX objects_blob ON objects (blob_id);

-- A repository has a blob: uploaded or mounted.
CREATE TABLE repository_blobs (
  repository_id bigint NOT NULL REFERENCES repositories (id),
  blob_id bigint NOT NULL REFERENCES blobs (id),
  linked_at timestamptz NOT NULL,
  PRIMARY KEY (repository_id, blob_id)
);
CREATE INDEX repository_blobs_blob ON repository_blobs (blob_id);

-- A manifest, byte for byte as it was pushed, with what queries need beside it.
CREATE TABLE manifests (
  repository_id bigint NOT NULL REFERENCES repositories (id),
  id bigint GENERATED ALWAYS AS IDENTITY,
  digest bytea NOT NULL,
  media_type text NOT NULL,
  artifact_type text,
  subject_digest bytea,
  annotations text,
  size integer NOT NULL,
  payload bytea NOT NULL,
  pushed_at timestamptz NOT NULL,
  pushed_by text NOT NULL,
  PRIMARY KEY (repository_id, id),
  UNIQUE (repository_id, digest)
);
ALTER TABLE manifests ALTER COLUMN payload SET STORAGE EXTERNAL;
CREATE INDEX manifests_subject ON manifests (repository_id, subject_digest, id) WHERE subject_digest IS NOT NULL;

-- Config and layers of a manifest. blob_id is null where the blob may be absent (sparse repository, foreign layer);
-- a later push of that digest binds it.
CREATE TABLE manifest_blobs (
  repository_id bigint NOT NULL,
  manifest_id bigint NOT NULL,
  position integer NOT NULL,
  digest bytea NOT NULL,
  blob_id bigint,
  PRIMARY KEY (repository_id, manifest_id, position),
  FOREIGN KEY (repository_id, manifest_id) REFERENCES manifests (repository_id, id) ON DELETE CASCADE,
  FOREIGN KEY (repository_id, blob_id) REFERENCES repository_blobs (repository_id, blob_id) ON DELETE RESTRICT
);
CREATE INDEX manifest_blobs_blob ON manifest_blobs (repository_id, blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX manifest_blobs_waiting ON manifest_blobs (repository_id, digest) WHERE blob_id IS NULL;

-- Entries of an index: another manifest, a blob (build caches list layers), or nothing yet (sparse repository).
CREATE TABLE manifest_children (
  repository_id bigint NOT NULL,
  manifest_id bigint NOT NULL,
  position integer NOT NULL,
  digest bytea NOT NULL,
  child_id bigint,
  blob_id bigint,
  PRIMARY KEY (repository_id, manifest_id, position),
  CHECK (child_id IS NULL OR blob_id IS NULL),
  FOREIGN KEY (repository_id, manifest_id) REFERENCES manifests (repository_id, id) ON DELETE CASCADE,
  FOREIGN KEY (repository_id, child_id) REFERENCES manifests (repository_id, id) ON DELETE RESTRICT,
  FOREIGN KEY (repository_id, blob_id) REFERENCES repository_blobs (repository_id, blob_id) ON DELETE RESTRICT
);
CREATE INDEX manifest_children_child ON manifest_children (repository_id, child_id) WHERE child_id IS NOT NULL;
CREATE INDEX manifest_children_blob ON manifest_children (repository_id, blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX manifest_children_waiting ON manifest_children (repository_id, digest)
  WHERE child_id IS NULL AND blob_id IS NULL;

-- Order of changes to tags. Taken under the tag's row lock, so it grows with every change of one tag.
CREATE SEQUENCE tag_revisions;

CREATE TABLE tags (
  repository_id bigint NOT NULL,
  name text COLLATE "C" NOT NULL,
  manifest_id bigint NOT NULL,
  revision bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (repository_id, name),
  FOREIGN KEY (repository_id, manifest_id) REFERENCES manifests (repository_id, id) ON DELETE RESTRICT
);
CREATE INDEX tags_manifest ON tags (repository_id, manifest_id);

-- What a tag has pointed at; a null digest is its removal.
CREATE TABLE tag_history (
  repository_id bigint NOT NULL REFERENCES repositories (id),
  name text COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  digest bytea,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (repository_id, name, revision)
);

-- An upload session. `version` fences attempts: each PATCH or PUT with a body bumps it, and only the current one may
-- confirm. `attempt_key` is set while an attempt writes; `content` is what is confirmed (adapter's form).
CREATE TABLE uploads (
  id uuid PRIMARY KEY,
  repository_id bigint NOT NULL REFERENCES repositories (id),
  principal text COLLATE "C" NOT NULL,
  algorithm text COLLATE "C" NOT NULL,
  version integer NOT NULL DEFAULT 0,
  size bigint NOT NULL DEFAULT 0,
  digest bytea,
  content jsonb,
  attempt_key text COLLATE "C",
  reserved_part integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  active_at timestamptz NOT NULL
);
CREATE INDEX uploads_repository ON uploads (repository_id);
CREATE INDEX uploads_principal ON uploads (principal);
CREATE INDEX uploads_active ON uploads (active_at);

-- Keys in storage that nothing needs any more, to be deleted at `not_before` or later.
CREATE TABLE object_deletions (
  store text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  not_before timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  PRIMARY KEY (store, key)
);
CREATE INDEX object_deletions_due ON object_deletions (not_before);

-- Review queues. `since` is null until a worker first sees the task: it then stamps the time, and acts a grace later.
-- Anything that touches the subject again sets it back to null, so the grace starts anew.
CREATE TABLE gc_link_queue (
  repository_id bigint NOT NULL,
  blob_id bigint NOT NULL,
  since timestamptz,
  PRIMARY KEY (repository_id, blob_id)
);
CREATE INDEX gc_link_queue_since ON gc_link_queue (since NULLS FIRST);
CREATE TABLE gc_blob_queue (
  blob_id bigint PRIMARY KEY,
  since timestamptz
);
-- Manifests that may have lost their last tag or parent. An untagged manifest is never garbage by itself:
-- the review only forgets those that are still referenced; the others are kept for retention rules.
CREATE TABLE gc_manifest_queue (
  repository_id bigint NOT NULL,
  manifest_id bigint NOT NULL,
  since timestamptz,
  PRIMARY KEY (repository_id, manifest_id),
  FOREIGN KEY (repository_id, manifest_id) REFERENCES manifests (repository_id, id) ON DELETE CASCADE
);
CREATE INDEX gc_manifest_queue_new ON gc_manifest_queue (repository_id, manifest_id) WHERE since IS NULL;

CREATE FUNCTION enqueue_links() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gc_link_queue (repository_id, blob_id)
    SELECT DISTINCT repository_id, blob_id FROM changed WHERE blob_id IS NOT NULL ORDER BY 1, 2
    ON CONFLICT (repository_id, blob_id) DO UPDATE SET since = NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER repository_blobs_insert AFTER INSERT ON repository_blobs
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_links();
CREATE TRIGGER repository_blobs_relink AFTER UPDATE ON repository_blobs
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_links();
CREATE TRIGGER manifest_blobs_delete AFTER DELETE ON manifest_blobs
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_links();
CREATE TRIGGER manifest_children_delete_links AFTER DELETE ON manifest_children
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_links();

CREATE FUNCTION enqueue_blobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gc_blob_queue (blob_id)
    SELECT DISTINCT blob_id FROM changed ORDER BY 1
    ON CONFLICT (blob_id) DO UPDATE SET since = NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER repository_blobs_delete AFTER DELETE ON repository_blobs
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_blobs();

-- The manifest may be gone by the end of the statement (delete of manifest and tags together), hence the join.
CREATE FUNCTION enqueue_manifests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gc_manifest_queue (repository_id, manifest_id)
    SELECT DISTINCT c.repository_id, c.manifest_id FROM changed c
      JOIN manifests m ON m.repository_id = c.repository_id AND m.id = c.manifest_id ORDER BY 1, 2
    ON CONFLICT (repository_id, manifest_id) DO UPDATE SET since = NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER tags_delete AFTER DELETE ON tags
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_manifests();
CREATE TRIGGER tags_switch AFTER UPDATE ON tags
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_manifests();

CREATE FUNCTION enqueue_new_manifests() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gc_manifest_queue (repository_id, manifest_id)
    SELECT repository_id, id FROM changed ORDER BY 1, 2
    ON CONFLICT (repository_id, manifest_id) DO UPDATE SET since = NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER manifests_insert AFTER INSERT ON manifests
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_new_manifests();

CREATE FUNCTION enqueue_children() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gc_manifest_queue (repository_id, manifest_id)
    SELECT DISTINCT c.repository_id, c.child_id FROM changed c
      JOIN manifests m ON m.repository_id = c.repository_id AND m.id = c.child_id ORDER BY 1, 2
    ON CONFLICT (repository_id, manifest_id) DO UPDATE SET since = NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER manifest_children_delete AFTER DELETE ON manifest_children
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_children();
