-- A change is said once: what it changed, and why, in the audit log and for those who will be told of it; where nothing
-- changes, nothing is said.
-- compatible-with: 5

-- What happened to registries, for those who want to be told. Written by the transaction that makes the change; nothing
-- here refers to another table, because nothing here may hold anything up. Whoever reads in the order of xid, below
-- pg_snapshot_xmin(pg_current_snapshot()), misses no transaction that was still under way when a later one had ended.
-- kind: image.put, image.delete, image.untag, repository.create, repository.change, repository.delete. detail: repository,
-- principal, requestId, and what changed. Rows are forgotten when they are too old for anybody to want them.
CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  registry_id bigint NOT NULL,
  kind text COLLATE "C" NOT NULL,
  detail jsonb NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  created_at timestamptz NOT NULL
);

-- A digest as people write it.
CREATE FUNCTION digest_text(p_digest bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT CASE get_byte(p_digest, 0) WHEN 1 THEN 'sha256:' ELSE 'sha512:' END || encode(substr(p_digest, 2), 'hex')
$$;

-- Says what changed: a record of the audit log, whose detail p_change adds to, and, where p_kind is given, a row for those
-- who are told of the registry p_registry. p_record holds the columns of the audit log by name.
CREATE FUNCTION record_change(
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
        'requestId', p_record -> 'request_id') || ((p_record -> 'detail') - 'parameters') || p_change,
      (p_record ->> 'at')::timestamptz);
  END IF;
END $$;

-- Gives a repository a blob, whose row the caller has locked, and binds the references that were waiting for its digest.
-- Who may meet: the collection or removal of the same link. An existing link is touched, so that the grace before its
-- collection starts anew, and is locked against its removal by that; one that was just removed is made again.
-- `p_upload`: the upload that brings it, null for a mount.
-- True when the repository did not have it.
CREATE FUNCTION give_blob(p_repository bigint, p_blob bigint, p_digest bytea, p_upload uuid, p_at timestamptz)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  v_new boolean := true;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(digest_lock(p_repository, ''));
  PERFORM pg_advisory_xact_lock(digest_lock(p_repository, p_digest)); -- step: digest_lock
  LOOP -- step: link_insert
    INSERT INTO repository_blobs (repository_id, blob_id, linked_at, upload_id)
      VALUES (p_repository, p_blob, p_at, p_upload) ON CONFLICT (repository_id, blob_id) DO NOTHING;
    EXIT WHEN FOUND;
    v_new := false;
    UPDATE repository_blobs SET linked_at = p_at, upload_id = coalesce(p_upload, upload_id)
      WHERE repository_id = p_repository AND blob_id = p_blob;
    EXIT WHEN FOUND;
    v_new := true;
  END LOOP;
  UPDATE manifest_blobs SET blob_id = p_blob
    WHERE repository_id = p_repository AND digest = p_digest AND blob_id IS NULL;
  UPDATE manifest_children SET blob_id = p_blob
    WHERE repository_id = p_repository AND digest = p_digest AND child_id IS NULL AND blob_id IS NULL
      AND NOT is_manifest;
  RETURN v_new;
END $$;

-- The commit of a blob: ends the session and makes its object a blob of the repository.
-- Who may meet: two uploads of one digest, an upload and the collection of that digest, a stalled attempt and the one
-- that took its session over, an upload and the deletion of its repository. One row of the digest is made; whoever comes
-- second uses it and gives its own object up; a row that was just collected is made anew, and the uploader sees nothing
-- of this. An object whose bytes are lost is replaced. Only the session's current attempt ends it: the other finds it
-- fenced. A deletion that was first leaves no repository, one that comes later waits.
-- Outcomes: committed, fenced, repository deleted.
-- `p_record`: see record_change; written when the registry has gained something (changed): a link, or bytes that were lost.
CREATE FUNCTION commit_upload(
  p_upload uuid, p_version integer, p_repository bigint, p_registry bigint, p_digest bytea, p_size bigint,
  p_store text, p_key text, p_garbage text[], p_at timestamptz, p_delete_at timestamptz,
  p_record jsonb,
  OUT outcome text, OUT repository_name text, OUT changed boolean
) LANGUAGE plpgsql SET lock_timeout = '15s' AS $$
DECLARE
  v_lives boolean;
  v_provisional boolean;
  v_blob bigint;
  v_garbage text[] := p_garbage;
BEGIN
  changed := false;
  SELECT deleted_at IS NULL, provisional, name INTO v_lives, v_provisional, repository_name FROM repositories
    WHERE id = p_repository FOR KEY SHARE; -- step: repository_share
  IF v_lives IS NOT TRUE THEN
    outcome := 'repository deleted';
    RETURN;
  END IF;
  DELETE FROM uploads WHERE id = p_upload AND version = p_version AND repository_id = p_repository; -- step: commit_end_session
  IF NOT FOUND THEN
    outcome := 'fenced';
    RETURN;
  END IF;
  -- Something is in it now: what made the repository no longer has a say in whether it stays.
  IF v_provisional THEN
    UPDATE repositories SET provisional = false WHERE id = p_repository AND provisional;
  END IF;
  LOOP
    INSERT INTO blobs (registry_id, digest, size, created_at) VALUES (p_registry, p_digest, p_size, p_at)
      ON CONFLICT (registry_id, digest, encryption_key) DO NOTHING RETURNING id INTO v_blob;
    EXIT WHEN FOUND;
    SELECT id INTO v_blob FROM blobs
      WHERE registry_id = p_registry AND digest = p_digest AND encryption_key = '' FOR KEY SHARE; -- step: commit_lock_blob
    EXIT WHEN FOUND;
  END LOOP;
  PERFORM FROM objects WHERE blob_id = v_blob AND state = 'present'; -- step: commit_has_object
  IF FOUND THEN
    v_garbage := v_garbage || p_key;
  ELSE
    INSERT INTO objects (blob_id, store, key, created_at) VALUES (v_blob, p_store, p_key, p_at);
    changed := true;
  END IF;
  IF cardinality(v_garbage) > 0 THEN
    INSERT INTO object_deletions (store, key, not_before)
      SELECT p_store, key, p_delete_at FROM unnest(v_garbage) AS key ON CONFLICT DO NOTHING;
  END IF;
  IF give_blob(p_repository, v_blob, p_digest, p_upload, p_at) THEN
    changed := true;
  END IF;
  IF changed AND p_record IS NOT NULL THEN
    PERFORM record_change(p_record);
  END IF;
  outcome := 'committed';
END $$;

-- Gives a repository a blob that another one of the registry has.
-- Who may meet: a mount and the removal of the blob from its source, or the deletion of either repository. The share lock
-- on the source's link makes one wait for the other; if the removal was first there is no row, and the client uploads.
-- Outcomes: mounted, absent, repository deleted (the target).
-- `p_record`: see record_change; written when the repository did not have the blob (changed).
CREATE FUNCTION mount_blob(
  p_registry bigint, p_target bigint, p_source text, p_digest bytea, p_at timestamptz, p_record jsonb,
  OUT outcome text, OUT repository_name text, OUT changed boolean
) LANGUAGE plpgsql SET lock_timeout = '15s' AS $$
DECLARE
  v_lives boolean;
  v_provisional boolean;
  v_blob bigint;
BEGIN
  SELECT deleted_at IS NULL, provisional, name INTO v_lives, v_provisional, repository_name FROM repositories
    WHERE id = p_target FOR KEY SHARE; -- step: repository_share
  IF v_lives IS NOT TRUE THEN
    outcome := 'repository deleted';
    RETURN;
  END IF;
  SELECT l.blob_id INTO v_blob FROM repositories r
    JOIN repository_blobs l ON l.repository_id = r.id
    JOIN blobs b ON b.id = l.blob_id
    JOIN objects o ON o.blob_id = b.id AND o.state = 'present'
    WHERE r.registry_id = p_registry AND r.name = p_source AND r.deleted_at IS NULL
      AND b.registry_id = p_registry AND b.digest = p_digest
    LIMIT 1 FOR KEY SHARE OF l, b; -- step: blob_lock_link
  IF NOT FOUND THEN
    outcome := 'absent';
    RETURN;
  END IF;
  IF v_provisional THEN
    UPDATE repositories SET provisional = false WHERE id = p_target AND provisional;
  END IF;
  changed := give_blob(p_target, v_blob, p_digest, NULL, p_at);
  IF changed AND p_record IS NOT NULL THEN
    PERFORM record_change(p_record);
  END IF;
  outcome := 'mounted';
END $$;

-- A manifest PUT: manifest, references, tags and their history, together or not at all. What is stored keeps the media
-- type that it came with first.
-- Who may meet: another PUT of the same tag (the row lock orders them, the last wins, both are in the history); two first
-- ones of it (one makes the row, the other begins again and meets it); the collection or deletion of something that it
-- names (locked here or gone; should it slip between, the foreign key decides and the caller looks again); the push of
-- something that it may lack (both hold that digest's lock, so the edge is bound by one of them); the same manifest (both
-- hold its digest's lock, so the second finds complete rows); the repository's deletion.
-- `p_child_blobs`: those of `p_children` that are no manifests by their media type, so that a blob may stand for them as
-- long as there is no manifest (build caches list layers). `p_required`: digests that must be there unless the repository
-- is sparse. `p_tags` come sorted. `p_if_match` and `p_if_none_match`: see names_digest; null is no condition.
-- Outcomes: stored, repository deleted, references missing (missing_digests), manifest deleted, and for tag_name, which
-- points at tag_digest: if-match, if-none-match, immutable.
-- What changed: created (there was no such manifest) and moved (`[{"tag": …, "from": digest or null}]`, the tags that did
-- not point here). `p_record`: see record_change; written when something changed.
CREATE FUNCTION put_manifest(
  p_repository bigint, p_digest bytea, p_media_type text, p_artifact_type text, p_subject bytea, p_annotations text,
  p_payload bytea, p_blobs bytea[], p_children bytea[], p_child_blobs bytea[], p_required bytea[], p_tags text[],
  p_if_match text[], p_if_none_match text[], p_by text, p_at timestamptz,
  p_record jsonb,
  OUT outcome text, OUT repository_name text, OUT missing_digests bytea[], OUT tag_name text, OUT tag_digest bytea,
  OUT created boolean, OUT moved jsonb
) LANGUAGE plpgsql SET lock_timeout = '15s' AS $$
DECLARE
  v_lives boolean;
  v_registry bigint;
  v_provisional boolean;
  v_sparse boolean;
  v_mutability text;
  v_filters text[];
  -- Whether any tag of the repository may be immutable.
  v_immutable boolean;
  v_manifest bigint;
  -- Ids by digest in hex, of what the manifest names and the repository has.
  v_links jsonb := '{}';
  v_children jsonb := '{}';
  v_absent bytea[];
  -- What is absent, and what a manifest may stand for later though a blob does now.
  v_unsettled bytea[];
  v_lookups integer := 0;
  -- What each tag points at, null where it is new.
  v_targets bigint[] := '{}';
  v_target bigint;
  v_revision bigint;
  v_before bytea;
BEGIN
  created := false;
  moved := '[]';
  SELECT registry_id, deleted_at IS NULL, provisional, name, sparse, tag_mutability, tag_filters
    INTO v_registry, v_lives, v_provisional, repository_name, v_sparse, v_mutability, v_filters
    FROM repositories WHERE id = p_repository FOR KEY SHARE; -- step: repository_share
  v_immutable := v_mutability <> 'MUTABLE';
  IF v_lives IS NOT TRUE THEN
    outcome := 'repository deleted';
    RETURN;
  END IF;

  SELECT id INTO v_manifest FROM manifests
    WHERE repository_id = p_repository AND digest = p_digest FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    -- Everything named is locked in digest order until its edges are written. What is unsettled is looked for once more
    -- when its digest is locked.
    LOOP
      v_lookups := v_lookups + 1;
      IF cardinality(p_children) > 0 THEN
        SELECT coalesce(jsonb_object_agg(encode(digest, 'hex'), id), '{}') INTO v_children
          FROM (SELECT digest, id FROM manifests WHERE repository_id = p_repository AND digest = ANY (p_children)
            ORDER BY digest FOR KEY SHARE) AS m; -- step: reference_manifests
      END IF;
      SELECT coalesce(jsonb_object_agg(encode(digest, 'hex'), blob_id), '{}') INTO v_links
        FROM (SELECT b.digest, l.blob_id FROM repositories r
          JOIN blobs b ON b.registry_id = r.registry_id AND b.digest = ANY (p_blobs || p_child_blobs)
          JOIN repository_blobs l ON l.repository_id = r.id AND l.blob_id = b.id
          WHERE r.id = p_repository ORDER BY b.digest FOR KEY SHARE OF l) AS b; -- step: reference_links
      v_unsettled := ARRAY(
        SELECT d FROM unnest(p_blobs) AS d WHERE NOT v_links ? encode(d, 'hex')
        UNION SELECT d FROM unnest(p_children) AS d WHERE NOT v_children ? encode(d, 'hex'));
      v_absent := ARRAY(SELECT d FROM unnest(v_unsettled) AS d WHERE NOT v_links ? encode(d, 'hex'));
      IF cardinality(v_absent) > 0 AND NOT v_sparse THEN
        missing_digests := ARRAY(SELECT unnest(v_absent) INTERSECT SELECT unnest(p_required));
        IF cardinality(missing_digests) > 0 THEN
          outcome := 'references missing';
          RETURN;
        END IF;
      END IF;
      EXIT WHEN v_lookups = 2;
      IF cardinality(v_unsettled) > 64 THEN
        PERFORM pg_advisory_xact_lock(digest_lock(p_repository, ''));
      ELSE
        PERFORM pg_advisory_xact_lock_shared(digest_lock(p_repository, ''));
        PERFORM pg_advisory_xact_lock(key) FROM (
          SELECT DISTINCT digest_lock(p_repository, d) AS key FROM unnest(v_unsettled || p_digest) AS d ORDER BY key) AS k;
      END IF; -- step: digest_lock
      EXIT WHEN cardinality(v_unsettled) = 0;
    END LOOP;
  END IF;

  -- While a tag's row is locked nothing that it is asked to fulfil can change.
  FOREACH tag_name IN ARRAY p_tags LOOP
    SELECT manifest_id INTO v_target FROM tags WHERE repository_id = p_repository AND name = tag_name FOR UPDATE; -- step: tag_lock
    v_targets := v_targets || v_target;
    CONTINUE WHEN NOT v_immutable AND p_if_match IS NULL AND p_if_none_match IS NULL;
    SELECT digest INTO tag_digest FROM manifests WHERE repository_id = p_repository AND id = v_target;
    outcome := CASE
      WHEN p_if_match IS NOT NULL AND NOT names_digest(p_if_match, tag_digest) THEN 'if-match'
      WHEN p_if_none_match IS NOT NULL AND names_digest(p_if_none_match, tag_digest) THEN 'if-none-match'
      WHEN v_immutable AND tag_digest <> p_digest AND is_tag_immutable(v_mutability, v_filters, tag_name)
        THEN 'immutable' END;
    IF outcome IS NOT NULL THEN
      RETURN;
    END IF;
  END LOOP;

  IF v_manifest IS NULL THEN
    INSERT INTO manifests (repository_id, digest, media_type, artifact_type, subject_digest, annotations, size, payload,
        pushed_at, pushed_by)
      VALUES (p_repository, p_digest, p_media_type, p_artifact_type, p_subject, p_annotations, length(p_payload),
        p_payload, p_at, p_by)
      ON CONFLICT (repository_id, digest) DO NOTHING RETURNING id INTO v_manifest;
    IF NOT FOUND THEN
      SELECT id INTO v_manifest FROM manifests
        WHERE repository_id = p_repository AND digest = p_digest FOR NO KEY UPDATE;
      IF NOT FOUND THEN
        outcome := 'manifest deleted';
        RETURN;
      END IF;
    ELSE
      created := true;
      IF cardinality(p_blobs) > 0 THEN
        INSERT INTO manifest_blobs (repository_id, manifest_id, position, digest, blob_id)
          SELECT p_repository, v_manifest, e.place - 1, e.digest, (v_links ->> encode(e.digest, 'hex'))::bigint
          FROM unnest(p_blobs) WITH ORDINALITY AS e (digest, place); -- step: manifest_insert_blobs
      END IF;
      IF cardinality(p_children) > 0 THEN
        INSERT INTO manifest_children (repository_id, manifest_id, position, digest, child_id, blob_id, is_manifest)
          SELECT p_repository, v_manifest, e.place - 1, e.digest, (v_children ->> e.hex)::bigint,
            CASE WHEN NOT v_children ? e.hex THEN (v_links ->> e.hex)::bigint END, e.is_manifest
          FROM (SELECT c.digest, c.place, encode(c.digest, 'hex') AS hex, b.digest IS NULL AS is_manifest
            FROM unnest(p_children) WITH ORDINALITY AS c (digest, place)
              LEFT JOIN (SELECT DISTINCT unnest(p_child_blobs) AS digest) AS b ON b.digest = c.digest) AS e; -- step: manifest_insert_children
      END IF;
      PERFORM bind_manifest(p_repository, v_manifest, p_digest);
    END IF;
  END IF;
  IF v_provisional THEN
    UPDATE repositories SET provisional = false WHERE id = p_repository AND provisional;
  END IF;

  -- A tag that is there already stays untouched and writes no history. Nobody could lock a new one: whoever finds it made
  -- by another begins again, and decides by its row.
  FOR v_place IN 1 .. cardinality(p_tags) LOOP
    tag_name := p_tags[v_place];
    CONTINUE WHEN v_targets[v_place] = v_manifest;
    v_before := NULL;
    IF v_targets[v_place] IS NULL THEN
      INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
        VALUES (p_repository, tag_name, v_manifest, nextval('tag_revisions'), p_at)
        ON CONFLICT (repository_id, name) DO NOTHING RETURNING revision INTO v_revision;
      IF NOT FOUND THEN
        RAISE 'the tag % was made meanwhile', tag_name USING ERRCODE = 'serialization_failure';
      END IF;
    ELSE
      SELECT digest INTO v_before FROM manifests WHERE repository_id = p_repository AND id = v_targets[v_place];
      UPDATE tags SET manifest_id = v_manifest, revision = nextval('tag_revisions'), updated_at = p_at
        WHERE repository_id = p_repository AND name = tag_name RETURNING revision INTO v_revision;
    END IF;
    INSERT INTO tag_history (repository_id, name, revision, digest, changed_at, changed_by)
      VALUES (p_repository, tag_name, v_revision, p_digest, p_at, p_by); -- step: tag_record
    moved := moved || jsonb_build_object('tag', tag_name, 'from', digest_text(v_before));
  END LOOP;
  IF p_record IS NOT NULL AND (created OR moved <> '[]') THEN
    PERFORM record_change(p_record, jsonb_build_object('created', created, 'moved', moved), 'image.put', v_registry,
      repository_name);
  END IF;
  outcome := 'stored';
END $$;

-- For older nodes beside this schema, which write their records themselves.
CREATE OR REPLACE FUNCTION link_blob(
  p_repository bigint, p_blob bigint, p_digest bytea, p_upload uuid, p_at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM give_blob(p_repository, p_blob, p_digest, p_upload, p_at);
END $$;
CREATE OR REPLACE FUNCTION commit_upload(
  p_upload uuid, p_version integer, p_repository bigint, p_registry bigint, p_digest bytea, p_size bigint,
  p_store text, p_key text, p_garbage text[], p_at timestamptz, p_delete_at timestamptz,
  OUT outcome text, OUT repository_name text
) LANGUAGE sql SET lock_timeout = '15s' AS $$
  SELECT c.outcome, c.repository_name FROM commit_upload(p_upload, p_version, p_repository, p_registry, p_digest, p_size,
    p_store, p_key, p_garbage, p_at, p_delete_at, NULL::jsonb) AS c
$$;
CREATE OR REPLACE FUNCTION mount_blob(
  p_registry bigint, p_target bigint, p_source text, p_digest bytea, p_at timestamptz,
  OUT outcome text, OUT repository_name text
) LANGUAGE sql SET lock_timeout = '15s' AS $$
  SELECT m.outcome, m.repository_name FROM mount_blob(p_registry, p_target, p_source, p_digest, p_at, NULL::jsonb) AS m
$$;
CREATE OR REPLACE FUNCTION put_manifest(
  p_repository bigint, p_digest bytea, p_media_type text, p_artifact_type text, p_subject bytea, p_annotations text,
  p_payload bytea, p_blobs bytea[], p_children bytea[], p_child_blobs bytea[], p_required bytea[], p_tags text[],
  p_if_match text[], p_if_none_match text[], p_by text, p_at timestamptz,
  OUT outcome text, OUT repository_name text, OUT missing_digests bytea[], OUT tag_name text, OUT tag_digest bytea
) LANGUAGE sql SET lock_timeout = '15s' AS $$
  SELECT p.outcome, p.repository_name, p.missing_digests, p.tag_name, p.tag_digest
    FROM put_manifest(p_repository, p_digest, p_media_type, p_artifact_type, p_subject, p_annotations, p_payload,
      p_blobs, p_children, p_child_blobs, p_required, p_tags, p_if_match, p_if_none_match, p_by, p_at, NULL::jsonb) AS p
$$;
