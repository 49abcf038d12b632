-- Sessions of federated users: somebody that a user or root vouches for under a name (STS, GetFederationToken).
-- compatible-with: 5

-- federating_key_id names the key that asked for a federated user's session, which ends with it. It is no parent_key_id:
-- nodes of an older schema would take such a session for the user itself, and so find none.
ALTER TABLE iam_sessions
  ADD COLUMN federating_key_id text COLLATE "C" REFERENCES access_keys (id) ON DELETE CASCADE,
  DROP CONSTRAINT iam_sessions_kind_check,
  DROP CONSTRAINT iam_sessions_check;
ALTER TABLE iam_sessions
  ADD CONSTRAINT iam_sessions_kind_check
    CHECK (kind IN ('assumed-role', 'web-identity', 'session-token', 'federated-user')),
  ADD CONSTRAINT iam_sessions_role_check CHECK ((role_id IS NULL) = (kind IN ('session-token', 'federated-user'))),
  ADD CONSTRAINT iam_sessions_federating_key_check CHECK ((federating_key_id IS NOT NULL) = (kind = 'federated-user'));
CREATE INDEX iam_sessions_federating_key ON iam_sessions (federating_key_id) WHERE federating_key_id IS NOT NULL;
