-- Instance profiles: what an EC2 instance would get a role by. Tools make, show and delete them with their roles.
-- compatible-with: 5

-- Names differ in more than letter case. A profile holds one role at most.
CREATE TABLE iam_instance_profiles (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  unique_id text COLLATE "C" NOT NULL UNIQUE,
  path text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  role_id bigint REFERENCES iam_entities (id) ON DELETE RESTRICT,
  tags jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX iam_instance_profiles_name ON iam_instance_profiles (account_id, lower(name));
CREATE INDEX iam_instance_profiles_role ON iam_instance_profiles (role_id) WHERE role_id IS NOT NULL;

-- Decisions may ask for tags of a profile.
CREATE TRIGGER iam_instance_profiles_version_insert AFTER INSERT ON iam_instance_profiles
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION bump_policy_version();
CREATE TRIGGER iam_instance_profiles_version_delete AFTER DELETE ON iam_instance_profiles
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION bump_policy_version();
CREATE TRIGGER iam_instance_profiles_version_tags AFTER UPDATE ON iam_instance_profiles FOR EACH ROW
  WHEN (OLD.tags IS DISTINCT FROM NEW.tags) EXECUTE FUNCTION bump_policy_version_of_row();
