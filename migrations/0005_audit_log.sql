-- Who did what, on what, from where, and who was refused: one table, a partition for each day, so that what is old goes
-- at once and nothing is scanned for it.
-- compatible-with: 5

CREATE SEQUENCE audit_log_ids;

-- A change is written by the transaction that makes it; a denial (and a pull, where that is asked for) in a batch, apart
-- from its request. account_id is that of the principal; nothing here refers to another table, because nothing here may
-- hold anything up. reason is what a refused caller was told. detail: {"parameters": …} of a call of the AWS API,
-- what was pushed or removed for a call of the registry, {"context": {"secureTransport": …, "conditions": {…}}} for
-- a denial.
CREATE TABLE audit_log (
  at timestamptz NOT NULL,
  id bigint NOT NULL DEFAULT nextval('audit_log_ids'),
  request_id text COLLATE "C" NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  principal text COLLATE "C" NOT NULL,
  access_key_id text COLLATE "C",
  action text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  source_ip text COLLATE "C" NOT NULL,
  user_agent text NOT NULL,
  decision text COLLATE "C" NOT NULL CHECK (decision IN ('allowed', 'denied')),
  reason text,
  detail jsonb NOT NULL,
  PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX audit_log_denials ON audit_log (request_id) WHERE decision = 'denied';

-- Days that nobody has opened: a record is never lost for want of a partition.
CREATE TABLE audit_log_rest PARTITION OF audit_log DEFAULT;

-- Makes the partition of a day (UTC), and moves there what lies in the rest. False when it is there already.
-- Who may meet: two nodes that open one day, and whoever writes. The lock on the rest lets one opener through after the
-- other, and the second finds the day open; a writer that had chosen the rest for that day waits, is refused with 23514
-- and begins again; all others write on. Days are opened before they come, so this is the first day's alone.
CREATE FUNCTION open_audit_day(p_day date) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
  v_name text := 'audit_log_' || to_char(p_day, 'YYYYMMDD');
  v_from timestamptz := p_day::timestamp AT TIME ZONE 'UTC';
  v_to timestamptz := (p_day + 1)::timestamp AT TIME ZONE 'UTC';
BEGIN
  IF to_regclass(v_name) IS NOT NULL THEN
    RETURN false;
  END IF;
  LOCK TABLE audit_log_rest IN ACCESS EXCLUSIVE MODE;
  IF to_regclass(v_name) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE %I (LIKE audit_log INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', v_name);
  EXECUTE format('WITH moved AS (DELETE FROM audit_log_rest WHERE at >= $1 AND at < $2 RETURNING *) '
    'INSERT INTO %I SELECT * FROM moved', v_name) USING v_from, v_to;
  EXECUTE format('ALTER TABLE audit_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', v_name, v_from, v_to);
  RETURN true;
END $$;

-- Drops the days (UTC) before one; returns how many partitions went. Who may meet: this and whoever writes or reads; the
-- lock is held for a moment, and where it cannot be had at once (everybody else would wait behind this), nothing is
-- dropped and a later round tries again.
CREATE FUNCTION drop_audit_days(p_before date) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '200ms' AS $$
DECLARE
  v_name text;
  v_dropped integer := 0;
BEGIN
  FOR v_name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_log'::regclass AND c.relname ~ '^audit_log_\d{8}$'
      AND to_date(right(c.relname, 8), 'YYYYMMDD') < p_before
  LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', v_name);
    v_dropped := v_dropped + 1;
  END LOOP;
  DELETE FROM audit_log_rest WHERE at < p_before::timestamp AT TIME ZONE 'UTC';
  RETURN v_dropped;
END $$;

INSERT INTO audit_log (at, request_id, account_id, principal, access_key_id, action, resource, source_ip, user_agent,
    decision, reason, detail)
  SELECT at, id, account_id, principal, access_key_id, action, resource, source_ip, user_agent, 'denied', reason,
    jsonb_build_object('context', context)
  FROM decisions;
DROP TABLE decisions;
