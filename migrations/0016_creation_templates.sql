-- Templates by which repositories are created that nobody asks for by name: by a push, a cache, or replication.
-- compatible-with: 5

-- path is what templates are known by: the prefix without a slash at its end, '' for ROOT.
-- tag_filters, encryption_key: as in repositories. resource_tags: AWS tags by key. The policies are texts that each
-- repository of the template gets.
CREATE TABLE creation_templates (
  registry_id bigint NOT NULL REFERENCES registries (id),
  path text COLLATE "C" NOT NULL,
  prefix text COLLATE "C" NOT NULL,
  description text,
  applied_for text[] COLLATE "C" NOT NULL,
  tag_mutability text COLLATE "C" NOT NULL
    CHECK (tag_mutability IN ('MUTABLE', 'IMMUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION')),
  tag_filters text[] COLLATE "C" NOT NULL,
  encryption_type text COLLATE "C" NOT NULL,
  encryption_key text,
  resource_tags jsonb NOT NULL,
  repository_policy text,
  lifecycle_policy text,
  custom_role_arn text,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (registry_id, path)
);
