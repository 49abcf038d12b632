-- Lifecycle policies: what of a repository's images is deleted by itself, and when.
-- compatible-with: 5

-- The text is kept as it was given. version grows with every text under one policy_id. A worker takes the policies whose
-- due_at has come: it sets run_id, and due_at to the moment from which another one may take over, should it die; whoever
-- changes the text ends the run by taking its run_id away. evaluated_at is null until a run of this text has ended.
CREATE TABLE lifecycle_policies (
  repository_id bigint PRIMARY KEY REFERENCES repositories (id),
  document text NOT NULL,
  policy_id uuid NOT NULL DEFAULT gen_random_uuid(),
  version integer NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL,
  evaluated_at timestamptz,
  due_at timestamptz NOT NULL,
  run_id uuid
);
CREATE INDEX lifecycle_policies_due ON lifecycle_policies (due_at);

-- A repository that is made again under the name of a deleted one begins without one, and no run goes on in the old one.
CREATE FUNCTION forget_lifecycle_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM lifecycle_policies WHERE repository_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER repositories_forget_lifecycle_policy AFTER UPDATE ON repositories FOR EACH ROW
  WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION forget_lifecycle_policy();

-- Manifests whose subject was deleted, by whatever way: nobody asks for a signature of what is not there. since: as in the
-- other review queues. A manifest that refers to what never was there gets no task: its subject may come yet.
CREATE TABLE gc_referrer_queue (
  repository_id bigint NOT NULL,
  manifest_id bigint NOT NULL,
  since timestamptz,
  PRIMARY KEY (repository_id, manifest_id),
  FOREIGN KEY (repository_id, manifest_id) REFERENCES manifests (repository_id, id) ON DELETE CASCADE
);
CREATE INDEX gc_referrer_queue_since ON gc_referrer_queue (since NULLS FIRST);

-- Those of a repository that is deleted go with it.
CREATE FUNCTION enqueue_referrers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO gc_referrer_queue (repository_id, manifest_id)
    SELECT DISTINCT m.repository_id, m.id FROM changed c
      JOIN repositories r ON r.id = c.repository_id AND r.deleted_at IS NULL
      JOIN manifests m ON m.repository_id = c.repository_id AND m.subject_digest = c.digest ORDER BY 1, 2
    ON CONFLICT (repository_id, manifest_id) DO UPDATE SET since = NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER manifests_delete_referrers AFTER DELETE ON manifests
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION enqueue_referrers();
