-- Settings of a registry as a whole, and how many repositories it has: a quota is held against that number, which nobody
-- has to count.
-- compatible-with: 5

-- blob_mounting and basic_scan_type_version are account settings of ECR (PutAccountSetting); REGISTRY_POLICY_SCOPE is in
-- registry_policies.
ALTER TABLE registries
  ADD COLUMN repositories integer NOT NULL DEFAULT 0,
  ADD COLUMN blob_mounting text COLLATE "C" NOT NULL DEFAULT 'ENABLED'
    CHECK (blob_mounting IN ('ENABLED', 'DISABLED')),
  ADD COLUMN basic_scan_type_version text COLLATE "C" NOT NULL DEFAULT 'AWS_NATIVE'
    CHECK (basic_scan_type_version IN ('AWS_NATIVE', 'CLAIR'));

-- Those that are not deleted. Triggers, so that no statement, of an older node neither, can forget to count.
CREATE FUNCTION count_repository() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE registries SET repositories = repositories + 1 WHERE id = NEW.registry_id;
  ELSE
    UPDATE registries SET repositories = repositories - 1 WHERE id = OLD.registry_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER repositories_count_insert AFTER INSERT ON repositories FOR EACH ROW
  WHEN (NEW.deleted_at IS NULL) EXECUTE FUNCTION count_repository();
-- Triggers fire in the order of their names: this one before repositories_forget_access, because whoever makes a
-- repository takes the registry before the account, too.
CREATE TRIGGER repositories_count_delete AFTER UPDATE ON repositories FOR EACH ROW
  WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION count_repository();
CREATE TRIGGER repositories_count_remove AFTER DELETE ON repositories FOR EACH ROW
  WHEN (OLD.deleted_at IS NULL) EXECUTE FUNCTION count_repository();

-- The triggers hold off whoever would change a repository until they are there for everybody.
UPDATE registries g SET repositories =
  (SELECT count(*) FROM repositories r WHERE r.registry_id = g.id AND r.deleted_at IS NULL);
