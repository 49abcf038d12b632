-- When images were pulled, and by whom that is not recorded.
-- compatible-with: 5

-- The last recorded pull of a manifest: refreshed now and then, not by every pull. In a table of its own, so that no pull
-- rewrites a manifest.
CREATE TABLE image_pulls (
  repository_id bigint NOT NULL,
  manifest_id bigint NOT NULL,
  pulled_at timestamptz NOT NULL,
  PRIMARY KEY (repository_id, manifest_id),
  FOREIGN KEY (repository_id, manifest_id) REFERENCES manifests (repository_id, id) ON DELETE CASCADE
) WITH (fillfactor = 80);

-- Roles and users whose pulls are not recorded in a registry (ECR's pull time update exclusions).
CREATE TABLE pull_time_exclusions (
  registry_id bigint NOT NULL REFERENCES registries (id),
  principal_arn text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (registry_id, principal_arn)
);
