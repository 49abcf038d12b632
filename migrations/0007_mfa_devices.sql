-- A second factor: virtual MFA devices of users and roots, whose codes count once, and when a session was proven by one.
-- compatible-with: 5

-- A device belongs to nobody until it is enabled, then to a user or to the root of its account. The seed is encrypted as
-- secrets of access keys are, bound to the serial number, which is the ARN.
-- last_step is the time step (RFC 6238) of the last code that counted: none of it or before it counts again.
-- drift_steps is how far the clock of the device was found to be off. failures counts wrong codes since the last right
-- one; until retry_at no code is looked at.
CREATE TABLE iam_mfa_devices (
  serial_number text COLLATE "C" PRIMARY KEY,
  account_id text COLLATE "C" NOT NULL REFERENCES accounts (id),
  name text COLLATE "C" NOT NULL,
  seed_ciphertext bytea NOT NULL,
  master_key_id text COLLATE "C" NOT NULL,
  tags jsonb NOT NULL DEFAULT '{}',
  user_id bigint REFERENCES iam_entities (id) ON DELETE RESTRICT,
  of_root boolean NOT NULL DEFAULT false CHECK (NOT of_root OR user_id IS NULL),
  created_at timestamptz NOT NULL,
  enabled_at timestamptz CHECK ((enabled_at IS NOT NULL) = (of_root OR user_id IS NOT NULL)),
  last_step bigint NOT NULL DEFAULT 0,
  drift_steps integer NOT NULL DEFAULT 0,
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz
);
CREATE INDEX iam_mfa_devices_account ON iam_mfa_devices (account_id, serial_number);
CREATE INDEX iam_mfa_devices_user ON iam_mfa_devices (user_id) WHERE user_id IS NOT NULL;

-- Decisions may ask for tags of a device, and for nothing else of it: a code that counts, or another master key, moves no
-- version on.
CREATE TRIGGER iam_mfa_devices_version_insert AFTER INSERT ON iam_mfa_devices REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION bump_policy_version();
CREATE TRIGGER iam_mfa_devices_version_delete AFTER DELETE ON iam_mfa_devices REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION bump_policy_version();
CREATE FUNCTION bump_policy_version_of_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET policy_version = policy_version + 1 WHERE id = NEW.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER iam_mfa_devices_version_tags AFTER UPDATE ON iam_mfa_devices FOR EACH ROW
  WHEN (OLD.tags IS DISTINCT FROM NEW.tags) EXECUTE FUNCTION bump_policy_version_of_row();

-- When the code of a device proved whoever asked for the session; null where none did.
ALTER TABLE iam_sessions ADD COLUMN mfa_at timestamptz;
