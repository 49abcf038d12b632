-- Previews of lifecycle policies: what a run would do, without doing it.
-- compatible-with: 5

-- One for each repository, the last that was started. While it is under way it lives until alive_until; whoever finds it
-- dead may start anew. has_results: there may be rows of results to remove. bytes: what storage would get back.
CREATE TABLE lifecycle_previews (
  repository_id bigint PRIMARY KEY REFERENCES repositories (id),
  preview_id uuid NOT NULL,
  document text NOT NULL,
  status text COLLATE "C" NOT NULL DEFAULT 'IN_PROGRESS' CHECK (status IN ('IN_PROGRESS', 'COMPLETE', 'FAILED')),
  started_at timestamptz NOT NULL,
  alive_until timestamptz NOT NULL,
  has_results boolean NOT NULL DEFAULT true,
  expiring integer NOT NULL DEFAULT 0,
  transitioning integer NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0
);
CREATE INDEX lifecycle_previews_trim ON lifecycle_previews (started_at) WHERE has_results;

-- Images that would go, in the order in which they would. Nothing here refers to a manifest: it may go meanwhile. tags: in
-- byte order, a blank between two. action: expire or transition.
CREATE TABLE lifecycle_preview_results (
  repository_id bigint NOT NULL REFERENCES repositories (id),
  preview_id uuid NOT NULL,
  position integer NOT NULL,
  manifest_id bigint NOT NULL,
  digest bytea NOT NULL,
  tags text COLLATE "C" NOT NULL,
  pushed_at timestamptz NOT NULL,
  action text COLLATE "C" NOT NULL,
  rule_priority integer NOT NULL,
  storage_class text COLLATE "C" NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (repository_id, preview_id, position),
  UNIQUE (repository_id, preview_id, manifest_id)
);
