-- Who may do what: users, groups and roles, their policies and keys, sessions, identity providers, and the policies and
-- tags of repositories; with one version an account that every change of these moves on.
-- compatible-with: 1

-- policy_version grows with every change that a decision about this account may depend on, in the same transaction (by
-- the triggers below). Whoever caches a decision, a policy or a verified credential keeps this number beside it.
-- A disabled account's principals prove nothing.
ALTER TABLE accounts
  ADD COLUMN name text,
  ADD COLUMN disabled boolean NOT NULL DEFAULT false,
  ADD COLUMN policy_version bigint NOT NULL DEFAULT 0;

-- A name by which people know an account, one each. AWS keeps them unique in the world.
CREATE TABLE account_aliases (
  alias text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL UNIQUE REFERENCES accounts (id),
  created_at timestamptz NOT NULL
);

-- A managed policy of an account. AWS's own are part of Berth and have no row. Version numbers are never used again.
CREATE TABLE iam_policies (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  unique_id text COLLATE "C" NOT NULL UNIQUE,
  path text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  description text,
  default_version integer NOT NULL DEFAULT 1,
  last_version integer NOT NULL DEFAULT 1,
  tags jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX iam_policies_name ON iam_policies (account_id, lower(name));

CREATE TABLE iam_policy_versions (
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  policy_id bigint NOT NULL REFERENCES iam_policies (id) ON DELETE CASCADE,
  version integer NOT NULL,
  document text NOT NULL,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (policy_id, version)
);
CREATE INDEX iam_policy_versions_account ON iam_policy_versions (account_id);

-- Users, groups and roles. Names differ in more than letter case. A boundary is a policy of the account
-- (boundary_policy_id) or one of AWS's (boundary_arn alone).
CREATE TABLE iam_entities (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('user', 'group', 'role')),
  unique_id text COLLATE "C" NOT NULL UNIQUE,
  path text COLLATE "C" NOT NULL,
  name text COLLATE "C" NOT NULL,
  description text,
  trust_policy text CHECK ((trust_policy IS NOT NULL) = (kind = 'role')),
  max_session_duration integer CHECK ((max_session_duration IS NOT NULL) = (kind = 'role')),
  boundary_arn text COLLATE "C",
  boundary_policy_id bigint REFERENCES iam_policies (id) ON DELETE RESTRICT,
  tags jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX iam_entities_name ON iam_entities (account_id, kind, lower(name));
CREATE INDEX iam_entities_boundary_policy ON iam_entities (boundary_policy_id) WHERE boundary_policy_id IS NOT NULL;
CREATE INDEX iam_entities_boundary ON iam_entities (account_id, boundary_arn) WHERE boundary_arn IS NOT NULL;

CREATE TABLE iam_memberships (
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  group_id bigint NOT NULL REFERENCES iam_entities (id) ON DELETE RESTRICT,
  user_id bigint NOT NULL REFERENCES iam_entities (id) ON DELETE RESTRICT,
  PRIMARY KEY (group_id, user_id)
);
CREATE INDEX iam_memberships_user ON iam_memberships (user_id);
CREATE INDEX iam_memberships_account ON iam_memberships (account_id);

CREATE TABLE iam_inline_policies (
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  entity_id bigint NOT NULL REFERENCES iam_entities (id) ON DELETE RESTRICT,
  name text COLLATE "C" NOT NULL,
  document text NOT NULL,
  PRIMARY KEY (entity_id, name)
);
CREATE INDEX iam_inline_policies_account ON iam_inline_policies (account_id);

-- policy_id is null for AWS's own policies.
CREATE TABLE iam_attachments (
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  entity_id bigint NOT NULL REFERENCES iam_entities (id) ON DELETE RESTRICT,
  policy_arn text COLLATE "C" NOT NULL,
  policy_id bigint REFERENCES iam_policies (id) ON DELETE RESTRICT,
  PRIMARY KEY (entity_id, policy_arn)
);
CREATE INDEX iam_attachments_policy ON iam_attachments (policy_id) WHERE policy_id IS NOT NULL;
CREATE INDEX iam_attachments_arn ON iam_attachments (account_id, policy_arn);

-- A key belongs to a user, or to the root of its account where user_id is null. principal_arn is what nodes of the first
-- schema read; the name of a user may change, so it is right no longer than that.
ALTER TABLE access_keys
  ADD COLUMN user_id bigint REFERENCES iam_entities (id) ON DELETE RESTRICT,
  ALTER COLUMN principal_arn DROP NOT NULL;
CREATE INDEX access_keys_user ON access_keys (user_id);

-- When a key was last used: written in batches, apart from the key, since use changes no decision.
CREATE TABLE access_key_usage (
  access_key_id text COLLATE "C" PRIMARY KEY REFERENCES access_keys (id) ON DELETE CASCADE,
  used_at timestamptz NOT NULL,
  service text COLLATE "C" NOT NULL,
  region text COLLATE "C" NOT NULL
);
CREATE TABLE iam_role_usage (
  role_id bigint PRIMARY KEY REFERENCES iam_entities (id) ON DELETE CASCADE,
  used_at timestamptz NOT NULL,
  region text COLLATE "C" NOT NULL
);

-- An identity provider whose tokens roles of the account may trust. url is the issuer without https://.
CREATE TABLE iam_oidc_providers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  url text COLLATE "C" NOT NULL,
  client_ids text[] COLLATE "C" NOT NULL DEFAULT '{}',
  thumbprints text[] COLLATE "C" NOT NULL DEFAULT '{}',
  tags jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  UNIQUE (account_id, url)
);

-- Temporary credentials: of a role (role_id), or of a user or root who asked for a session token (parent_key_id names the
-- key that asked: they end with it). The secret is encrypted as those of access keys are; the token, which must come
-- along, is kept as SHA-256. A session ends at expires_at or, by revoked_at, before.
CREATE TABLE iam_sessions (
  access_key_id text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  kind text COLLATE "C" NOT NULL CHECK (kind IN ('assumed-role', 'web-identity', 'session-token')),
  role_id bigint REFERENCES iam_entities (id) ON DELETE CASCADE CHECK ((role_id IS NULL) = (kind = 'session-token')),
  parent_key_id text COLLATE "C" REFERENCES access_keys (id) ON DELETE CASCADE
    CHECK ((parent_key_id IS NOT NULL) = (kind = 'session-token')),
  session_name text COLLATE "C",
  secret_ciphertext bytea NOT NULL,
  master_key_id text COLLATE "C" NOT NULL,
  token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
  policy text CHECK (length(policy) <= 2048),
  policy_arns text[] COLLATE "C" NOT NULL DEFAULT '{}',
  tags jsonb NOT NULL DEFAULT '{}',
  transitive_tag_keys text[] COLLATE "C" NOT NULL DEFAULT '{}',
  source_identity text COLLATE "C",
  federated_provider text COLLATE "C",
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX iam_sessions_account ON iam_sessions (account_id);
CREATE INDEX iam_sessions_role ON iam_sessions (role_id) WHERE role_id IS NOT NULL;
CREATE INDEX iam_sessions_parent_key ON iam_sessions (parent_key_id) WHERE parent_key_id IS NOT NULL;
CREATE INDEX iam_sessions_expires ON iam_sessions (expires_at);

-- Keys that sign Berth's own tokens. A retired one signs no more, but proves what it signed until its tokens are over.
CREATE TABLE signing_keys (
  kid text COLLATE "C" PRIMARY KEY,
  public_jwk jsonb NOT NULL,
  private_ciphertext bytea NOT NULL,
  master_key_id text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  retired_at timestamptz
);

-- Who else may use a repository. The text is returned as it was given.
CREATE TABLE repository_policies (
  repository_id bigint PRIMARY KEY REFERENCES repositories (id),
  document text NOT NULL,
  updated_at timestamptz NOT NULL
);

-- The same for a whole registry. `scope` says which actions it governs (ECR's REGISTRY_POLICY_SCOPE) and outlives the text.
CREATE TABLE registry_policies (
  registry_id bigint PRIMARY KEY REFERENCES registries (id),
  document text,
  scope text COLLATE "C" NOT NULL DEFAULT 'V2' CHECK (scope IN ('V1', 'V2')),
  updated_at timestamptz NOT NULL
);

-- What ECR's API keeps of a repository beside its name and tags. Encryption is recorded as it was asked for.
ALTER TABLE repositories
  ADD COLUMN scan_on_push boolean NOT NULL DEFAULT false,
  ADD COLUMN encryption_type text COLLATE "C" NOT NULL DEFAULT 'AES256'
    CHECK (encryption_type IN ('AES256', 'KMS', 'KMS_DSSE')),
  ADD COLUMN encryption_key text;

-- AWS tags of a repository, for conditions like ecr:ResourceTag; not to be confused with the tags of images.
CREATE TABLE repository_resource_tags (
  repository_id bigint NOT NULL REFERENCES repositories (id),
  key text COLLATE "C" NOT NULL,
  value text COLLATE "C" NOT NULL,
  PRIMARY KEY (repository_id, key)
);

-- Triggers, so that no statement can forget the version.
CREATE FUNCTION bump_policy_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET policy_version = policy_version + 1
    WHERE id IN (SELECT account_id FROM changed);
  RETURN NULL;
END $$;
CREATE FUNCTION bump_policy_version_by_repository() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET policy_version = policy_version + 1 WHERE id IN (
    SELECT g.account_id FROM changed c JOIN repositories r ON r.id = c.repository_id
      JOIN registries g ON g.id = r.registry_id);
  RETURN NULL;
END $$;
CREATE FUNCTION bump_policy_version_by_registry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET policy_version = policy_version + 1
    WHERE id IN (SELECT g.account_id FROM changed c JOIN registries g ON g.id = c.registry_id);
  RETURN NULL;
END $$;
-- A transition table allows one event a trigger.
DO $$
DECLARE
  watched record;
BEGIN
  FOR watched IN SELECT * FROM (VALUES
    ('iam_policies', 'bump_policy_version'), ('iam_policy_versions', 'bump_policy_version'),
    ('iam_entities', 'bump_policy_version'), ('iam_memberships', 'bump_policy_version'),
    ('iam_inline_policies', 'bump_policy_version'), ('iam_attachments', 'bump_policy_version'),
    ('iam_oidc_providers', 'bump_policy_version'), ('access_keys', 'bump_policy_version'),
    ('repository_policies', 'bump_policy_version_by_repository'),
    ('repository_resource_tags', 'bump_policy_version_by_repository'),
    ('registry_policies', 'bump_policy_version_by_registry')
  ) AS each (relation, function)
  LOOP
    EXECUTE format('CREATE TRIGGER %1$s_version_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS changed '
      'FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', watched.relation, watched.function);
    EXECUTE format('CREATE TRIGGER %1$s_version_update AFTER UPDATE ON %1$I REFERENCING NEW TABLE AS changed '
      'FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', watched.relation, watched.function);
    EXECUTE format('CREATE TRIGGER %1$s_version_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS changed '
      'FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', watched.relation, watched.function);
  END LOOP;
END $$;

-- New sessions change nothing for others, and there may be many: only their revocation counts.
CREATE FUNCTION bump_policy_version_by_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET policy_version = policy_version + 1 WHERE id = NEW.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER iam_sessions_version_revoke AFTER UPDATE ON iam_sessions FOR EACH ROW
  WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION bump_policy_version_by_revocation();
CREATE FUNCTION bump_own_policy_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.policy_version = OLD.policy_version + 1;
  RETURN NEW;
END $$;
CREATE TRIGGER accounts_version_disable BEFORE UPDATE ON accounts FOR EACH ROW
  WHEN (OLD.disabled IS DISTINCT FROM NEW.disabled) EXECUTE FUNCTION bump_own_policy_version();

-- A repository that is made again under the name of a deleted one begins without policy and tags.
CREATE FUNCTION forget_repository_access() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM repository_policies WHERE repository_id = NEW.id;
  DELETE FROM repository_resource_tags WHERE repository_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER repositories_forget_access AFTER UPDATE ON repositories FOR EACH ROW
  WHEN (NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL) EXECUTE FUNCTION forget_repository_access();

-- Administrators of the first schema become users like any other, with the same power.
INSERT INTO iam_entities (account_id, kind, unique_id, path, name, created_at)
  SELECT account_id, 'user',
    'AIDA' || translate(upper(substr(md5(account_id || random()::text), 1, 17)), '0189', 'QRST'),
    '/', 'administrator', min(created_at)
  FROM access_keys WHERE principal_arn = 'arn:aws:iam::' || account_id || ':user/administrator'
  GROUP BY account_id;
INSERT INTO iam_inline_policies (account_id, entity_id, name, document)
  SELECT account_id, id, 'AdministratorAccess',
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
  FROM iam_entities WHERE kind = 'user' AND name = 'administrator';
UPDATE access_keys k SET user_id = e.id FROM iam_entities e
  WHERE e.account_id = k.account_id AND e.kind = 'user' AND e.name = 'administrator'
    AND k.principal_arn = 'arn:aws:iam::' || k.account_id || ':user/administrator';
