-- Events say which call they are of, and are read in the order of their transactions, registry by registry.
-- compatible-with: 5

-- What a reader goes through: one registry's events in the order of (xid, id).
CREATE INDEX outbox_order ON outbox (registry_id, xid, id);

-- As before; an event that is not about an image tells its call as well: the action, and where it came from. kinds that
-- come with this: registry.change, without a repository.
CREATE OR REPLACE FUNCTION record_change(
  p_record jsonb, p_change jsonb DEFAULT '{}', p_kind text DEFAULT NULL, p_registry bigint DEFAULT NULL,
  p_repository text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_log (at, request_id, account_id, principal, access_key_id, action, resource, source_ip, user_agent,
      decision, reason, detail)
    SELECT at, request_id, account_id, principal, access_key_id, action, resource, source_ip, user_agent,
      decision, reason, detail || p_change
    FROM jsonb_to_record(p_record) AS record (at timestamptz, request_id text, account_id text, principal text,
      access_key_id text, action text, resource text, source_ip text, user_agent text, decision text, reason text,
      detail jsonb);
  IF p_kind IS NOT NULL THEN
    INSERT INTO outbox (registry_id, kind, detail, created_at) VALUES (
      p_registry, p_kind,
      jsonb_build_object('repository', p_repository, 'principal', p_record -> 'principal',
        'requestId', p_record -> 'request_id')
      || CASE WHEN p_kind LIKE 'image.%' THEN '{}' ELSE jsonb_build_object('action', p_record -> 'action',
        'sourceIp', p_record -> 'source_ip', 'userAgent', p_record -> 'user_agent') END
      || ((p_record -> 'detail') - '{parameters,unknownActions}'::text[]) || p_change,
      (p_record ->> 'at')::timestamptz);
  END IF;
END $$;

-- After a database was restored into another server, whose transactions count from elsewhere, readers would wait for
-- transactions of the future: what is of the future becomes of now, in the order of its ids. Rows that were changed.
CREATE FUNCTION renumber_outbox() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  v_changed bigint;
BEGIN
  UPDATE outbox SET xid = pg_current_xact_id() WHERE xid > pg_current_xact_id();
  GET DIAGNOSTICS v_changed = ROW_COUNT;
  RETURN v_changed;
END $$;
