-- Webhooks: who wants to be told of a registry's events, what of it still waits, and how that ended.
-- compatible-with: 5

-- cursor_*: how far the outbox has been gone through for it (see outbox): everything before is in webhook_deliveries, where
-- it was wanted. detail_types: those that are wanted, every one where there are none. The secret is sealed for the id.
CREATE TABLE webhooks (
  id text COLLATE "C" PRIMARY KEY,
  registry_id bigint NOT NULL REFERENCES registries (id),
  url text NOT NULL,
  detail_types text[] NOT NULL,
  repository_prefix text COLLATE "C" NOT NULL,
  secret_ciphertext bytea NOT NULL,
  master_key_id text NOT NULL,
  cursor_xid xid8 NOT NULL,
  cursor_id bigint NOT NULL,
  cursor_skip integer NOT NULL,
  created_at timestamptz NOT NULL
);
CREATE INDEX webhooks_registry ON webhooks (registry_id);

-- An event that a webhook is told of: the whole of it, since the outbox forgets sooner than retries end. In each repository
-- (empty: the registry itself) they go out in the order of their ids, one at a time. queued_at: from when retries count.
CREATE TABLE webhook_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_id text COLLATE "C" NOT NULL REFERENCES webhooks (id),
  repository text COLLATE "C" NOT NULL,
  event json NOT NULL,
  state text COLLATE "C" NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
  queued_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  attempted_at timestamptz,
  outcome text,
  ended_at timestamptz CHECK ((ended_at IS NULL) = (state = 'waiting'))
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, repository, id) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (webhook_id, state, id);
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (state, ended_at) WHERE state <> 'waiting';

-- A repository of which something waits for a webhook. Whoever delivers has claimed the row until leased_until; claim
-- counts up with every claim, so that one who was away for longer finds out. due_at: not to be tried before.
CREATE TABLE webhook_queues (
  webhook_id text COLLATE "C" NOT NULL REFERENCES webhooks (id),
  repository text COLLATE "C" NOT NULL,
  due_at timestamptz NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  claim bigint NOT NULL DEFAULT 0,
  leased_until timestamptz,
  PRIMARY KEY (webhook_id, repository)
);
CREATE INDEX webhook_queues_due ON webhook_queues (webhook_id, due_at);

-- As before, and the cursors of webhooks with it: what they had not come to yet stays before them.
CREATE OR REPLACE FUNCTION renumber_outbox() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_changed bigint;
BEGIN
  UPDATE webhooks w SET cursor_xid = pg_current_xact_id(), cursor_skip = 0, cursor_id = coalesce(
      (SELECT min(o.id) FROM outbox o
        WHERE o.registry_id = w.registry_id AND (o.xid, o.id) >= (w.cursor_xid, w.cursor_id)),
      9223372036854775807)
    WHERE w.cursor_xid > pg_current_xact_id();
  UPDATE outbox SET xid = pg_current_xact_id() WHERE xid > pg_current_xact_id();
  GET DIAGNOSTICS v_changed = ROW_COUNT;
  RETURN v_changed;
END $$;
