-- The state changes of a push, each one call: one round trip, one transaction, and its locks are held for no longer than
-- the work takes. What a caller may do wrong is an outcome, not an error, so that it costs no line in the server's log.
-- Every lock is taken in the one order: repository (KEY SHARE), session, digests, links, tags.
-- compatible-with: 1

-- Where a manifest that names an absent digest meets the push of that digest: both take this advisory lock before they
-- look, so one of them sees the other. Two digests with one key merely wait for each other. A server has room for a few
-- thousand locks of all its transactions together, so who names very many absent digests locks the repository's own key
-- (of no digest) instead, of which everybody else takes a share.
CREATE FUNCTION digest_lock(p_repository bigint, p_digest bytea) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT hashtextextended(encode(p_digest, 'hex'), p_repository)
$$;

-- Gives a repository a blob, whose row the caller has locked, and binds the references that were waiting for its digest.
-- Who may meet: the collection or removal of the same link. An existing link is touched, so that the grace before its
-- collection starts anew, and is locked against its removal by that; one that was just removed is made again.
CREATE FUNCTION link_blob(p_repository bigint, p_blob bigint, p_digest bytea, p_at timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock_shared(digest_lock(p_repository, ''));
  PERFORM pg_advisory_xact_lock(digest_lock(p_repository, p_digest)); -- step: digest_lock
  LOOP -- step: link_insert
    INSERT INTO repository_blobs (repository_id, blob_id, linked_at) VALUES (p_repository, p_blob, p_at)
      ON CONFLICT (repository_id, blob_id) DO NOTHING;
    EXIT WHEN FOUND;
    UPDATE repository_blobs SET linked_at = p_at WHERE repository_id = p_repository AND blob_id = p_blob;
    EXIT WHEN FOUND;
  END LOOP;
  UPDATE manifest_blobs SET blob_id = p_blob
    WHERE repository_id = p_repository AND digest = p_digest AND blob_id IS NULL;
  UPDATE manifest_children SET blob_id = p_blob
    WHERE repository_id = p_repository AND digest = p_digest AND child_id IS NULL AND blob_id IS NULL;
END $$;

-- The commit of a blob: ends the session and makes its object a blob of the repository.
-- Who may meet: two uploads of one digest, an upload and the collection of that digest, a stalled attempt and the one
-- that took its session over, an upload and the deletion of its repository. One row of the digest is made; whoever comes
-- second uses it and gives its own object up; a row that was just collected is made anew, and the uploader sees nothing
-- of this. An object whose bytes are lost is replaced. Only the session's current attempt ends it: the other finds it
-- fenced. A deletion that was first leaves no repository, one that comes later waits.
-- Outcomes: committed, fenced, repository deleted.
CREATE FUNCTION commit_upload(
  p_upload uuid, p_version integer, p_repository bigint, p_registry bigint, p_digest bytea, p_size bigint,
  p_store text, p_key text, p_garbage text[], p_at timestamptz, p_delete_at timestamptz,
  OUT outcome text, OUT repository_name text
) LANGUAGE plpgsql SET lock_timeout = '15s' AS $$
DECLARE
  v_lives boolean;
  v_blob bigint;
  v_garbage text[] := p_garbage;
BEGIN
  SELECT deleted_at IS NULL, name INTO v_lives, repository_name FROM repositories
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
  END IF;
  IF cardinality(v_garbage) > 0 THEN
    INSERT INTO object_deletions (store, key, not_before)
      SELECT p_store, key, p_delete_at FROM unnest(v_garbage) AS key ON CONFLICT DO NOTHING;
  END IF;
  PERFORM link_blob(p_repository, v_blob, p_digest, p_at);
  outcome := 'committed';
END $$;

-- Gives a repository a blob that another one of the registry has.
-- Who may meet: a mount and the removal of the blob from its source, or the deletion of either repository. The share lock
-- on the source's link makes one wait for the other; if the removal was first there is no row, and the client uploads.
-- Outcomes: mounted, absent, repository deleted (the target).
CREATE FUNCTION mount_blob(
  p_registry bigint, p_target bigint, p_source text, p_digest bytea, p_at timestamptz,
  OUT outcome text, OUT repository_name text
) LANGUAGE plpgsql SET lock_timeout = '15s' AS $$
DECLARE
  v_lives boolean;
  v_blob bigint;
BEGIN
  SELECT deleted_at IS NULL, name INTO v_lives, repository_name FROM repositories
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
  PERFORM link_blob(p_target, v_blob, p_digest, p_at);
  outcome := 'mounted';
END $$;

-- Whether a list of RFC 9110 entity tags, digests in hex or '*', names what a tag points at.
CREATE FUNCTION names_digest(p_listed text[], p_digest bytea) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT p_digest IS NOT NULL AND ('*' = ANY (p_listed) OR encode(p_digest, 'hex') = ANY (p_listed))
$$;

-- Whether a tag that exists may not move (ECR's imageTagMutability). In a filter `*` is any run of characters.
CREATE FUNCTION is_tag_immutable(p_mutability text, p_filters text[], p_tag text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (p_mutability LIKE 'IMMUTABLE%') <> EXISTS (
    SELECT FROM unnest(p_filters) AS filter WHERE p_tag LIKE replace(replace(filter, '_', '\_'), '*', '%'))
$$;

-- A manifest PUT: manifest, references, tags and their history, together or not at all.
-- Who may meet: another PUT of the same tag (the row lock orders them, the last wins, both are in the history); two first
-- ones of it (one makes the row, the other begins again and meets it); the collection or deletion of something that it
-- names (locked here or gone; should it slip between, the foreign key decides and the caller looks again); the push of
-- something that it may lack (both hold that digest's lock, so the edge is bound by one of them); the same manifest (both
-- hold its digest's lock, so the second finds complete rows); the repository's deletion.
-- `p_required`: digests that must be there unless the repository is sparse. `p_tags` come sorted. `p_if_match` and
-- `p_if_none_match`: see names_digest; null is no condition.
-- Outcomes: stored, repository deleted, references missing (missing_digests), manifest deleted, and for tag_name, which
-- points at tag_digest: if-match, if-none-match, immutable.
CREATE FUNCTION put_manifest(
  p_repository bigint, p_digest bytea, p_media_type text, p_artifact_type text, p_subject bytea, p_annotations text,
  p_payload bytea, p_blobs bytea[], p_children bytea[], p_required bytea[], p_tags text[],
  p_if_match text[], p_if_none_match text[], p_by text, p_at timestamptz,
  OUT outcome text, OUT repository_name text, OUT missing_digests bytea[], OUT tag_name text, OUT tag_digest bytea
) LANGUAGE plpgsql SET lock_timeout = '15s' AS $$
DECLARE
  v_lives boolean;
  v_sparse boolean;
  v_mutability text;
  v_filters text[];
  -- Whether any tag of the repository may be immutable.
  v_immutable boolean;
  v_manifest bigint;
  v_media_type text;
  -- Ids by digest in hex, of what the manifest names and the repository has.
  v_links jsonb := '{}';
  v_children jsonb := '{}';
  v_absent bytea[];
  v_lookups integer := 0;
  -- What each tag points at, null where it is new.
  v_targets bigint[] := '{}';
  v_target bigint;
  v_revision bigint;
BEGIN
  SELECT deleted_at IS NULL, name, sparse, tag_mutability, tag_filters
    INTO v_lives, repository_name, v_sparse, v_mutability, v_filters
    FROM repositories WHERE id = p_repository FOR KEY SHARE; -- step: repository_share
  v_immutable := v_mutability <> 'MUTABLE';
  IF v_lives IS NOT TRUE THEN
    outcome := 'repository deleted';
    RETURN;
  END IF;

  SELECT id, media_type INTO v_manifest, v_media_type FROM manifests
    WHERE repository_id = p_repository AND digest = p_digest FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    -- Everything named is locked in digest order until its edges are written. What is absent is looked for once more
    -- when its digest is locked.
    LOOP
      v_lookups := v_lookups + 1;
      IF cardinality(p_children) > 0 THEN
        SELECT coalesce(jsonb_object_agg(encode(digest, 'hex'), id), '{}') INTO v_children
          FROM (SELECT digest, id FROM manifests WHERE repository_id = p_repository AND digest = ANY (p_children)
            ORDER BY digest FOR KEY SHARE) AS m; -- step: reference_manifests
      END IF;
      -- Entries of an index that are no manifests may be blobs: build caches list layers.
      SELECT coalesce(jsonb_object_agg(encode(digest, 'hex'), blob_id), '{}') INTO v_links
        FROM (SELECT b.digest, l.blob_id FROM repositories r
          JOIN blobs b ON b.registry_id = r.registry_id AND b.digest = ANY (p_blobs || p_children)
          JOIN repository_blobs l ON l.repository_id = r.id AND l.blob_id = b.id
          WHERE r.id = p_repository ORDER BY b.digest FOR KEY SHARE OF l) AS b; -- step: reference_links
      v_absent := ARRAY(SELECT DISTINCT d FROM unnest(p_blobs || p_children) AS d
        WHERE NOT v_links ? encode(d, 'hex') AND NOT v_children ? encode(d, 'hex'));
      IF cardinality(v_absent) > 0 AND NOT v_sparse THEN
        missing_digests := ARRAY(SELECT unnest(v_absent) INTERSECT SELECT unnest(p_required));
        IF cardinality(missing_digests) > 0 THEN
          outcome := 'references missing';
          RETURN;
        END IF;
      END IF;
      EXIT WHEN v_lookups = 2;
      IF cardinality(v_absent) > 64 THEN
        PERFORM pg_advisory_xact_lock(digest_lock(p_repository, ''));
      ELSE
        PERFORM pg_advisory_xact_lock_shared(digest_lock(p_repository, ''));
        PERFORM pg_advisory_xact_lock(key) FROM (
          SELECT DISTINCT digest_lock(p_repository, d) AS key FROM unnest(v_absent || p_digest) AS d ORDER BY key) AS k;
      END IF; -- step: digest_lock
      EXIT WHEN cardinality(v_absent) = 0;
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
      SELECT id, media_type INTO v_manifest, v_media_type FROM manifests
        WHERE repository_id = p_repository AND digest = p_digest FOR NO KEY UPDATE;
      IF NOT FOUND THEN
        outcome := 'manifest deleted';
        RETURN;
      END IF;
    ELSE
      IF cardinality(p_blobs) > 0 THEN
        INSERT INTO manifest_blobs (repository_id, manifest_id, position, digest, blob_id)
          SELECT p_repository, v_manifest, e.place - 1, e.digest, (v_links ->> encode(e.digest, 'hex'))::bigint
          FROM unnest(p_blobs) WITH ORDINALITY AS e (digest, place); -- step: manifest_insert_blobs
      END IF;
      IF cardinality(p_children) > 0 THEN
        INSERT INTO manifest_children (repository_id, manifest_id, position, digest, child_id, blob_id)
          SELECT p_repository, v_manifest, e.place - 1, e.digest, (v_children ->> e.hex)::bigint,
            CASE WHEN NOT v_children ? e.hex THEN (v_links ->> e.hex)::bigint END
          FROM (SELECT c.digest, c.place, encode(c.digest, 'hex') AS hex
            FROM unnest(p_children) WITH ORDINALITY AS c (digest, place)) AS e; -- step: manifest_insert_children
      END IF;
      UPDATE manifest_children SET child_id = v_manifest
        WHERE repository_id = p_repository AND digest = p_digest AND child_id IS NULL AND blob_id IS NULL;
    END IF;
  END IF;
  IF v_media_type <> p_media_type THEN
    UPDATE manifests SET media_type = p_media_type WHERE repository_id = p_repository AND id = v_manifest;
  END IF;

  -- A tag that is there already stays untouched and writes no history. Nobody could lock a new one: whoever finds it made
  -- by another begins again, and decides by its row.
  FOR v_place IN 1 .. cardinality(p_tags) LOOP
    tag_name := p_tags[v_place];
    CONTINUE WHEN v_targets[v_place] = v_manifest;
    IF v_targets[v_place] IS NULL THEN
      INSERT INTO tags (repository_id, name, manifest_id, revision, updated_at)
        VALUES (p_repository, tag_name, v_manifest, nextval('tag_revisions'), p_at)
        ON CONFLICT (repository_id, name) DO NOTHING RETURNING revision INTO v_revision;
      IF NOT FOUND THEN
        RAISE 'the tag % was made meanwhile', tag_name USING ERRCODE = 'serialization_failure';
      END IF;
    ELSE
      UPDATE tags SET manifest_id = v_manifest, revision = nextval('tag_revisions'), updated_at = p_at
        WHERE repository_id = p_repository AND name = tag_name RETURNING revision INTO v_revision;
    END IF;
    INSERT INTO tag_history (repository_id, name, revision, digest, changed_at, changed_by)
      VALUES (p_repository, tag_name, v_revision, p_digest, p_at, p_by); -- step: tag_record
  END LOOP;
  outcome := 'stored';
END $$;
