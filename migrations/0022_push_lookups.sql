-- A manifest PUT looks up what it names one by one.
-- compatible-with: 5

-- As before, but for how it looks things up: by `digest = ANY (…)` an index of twenty images was looked for among all the
-- images of the repository, where the average repository has so few of them that this seemed cheap.
CREATE OR REPLACE FUNCTION put_manifest(
  p_repository bigint, p_digest bytea, p_media_type text, p_artifact_type text, p_subject bytea, p_annotations text,
  p_payload bytea, p_blobs bytea[], p_children bytea[], p_child_blobs bytea[], p_required bytea[], p_tags text[],
  p_if_match text[], p_if_none_match text[], p_by text, p_at timestamptz,
  p_record jsonb, p_images_max integer, p_tags_max integer,
  OUT outcome text, OUT repository_name text, OUT missing_digests bytea[], OUT tag_name text, OUT tag_digest bytea,
  OUT created boolean, OUT moved jsonb, OUT images integer
) LANGUAGE plpgsql SET lock_timeout = '15s' AS $$
DECLARE
  v_lives boolean;
  v_registry bigint;
  v_provisional boolean;
  v_sparse boolean;
  v_mutability text;
  v_filters text[];
  v_exempt boolean;
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
  -- Bytes of what it names, once everything was found: of blobs together, of images the largest.
  v_blob_bytes bigint;
  v_child_bytes bigint;
  -- What each tag points at, null where it is new.
  v_targets bigint[] := '{}';
  v_target bigint;
  v_new_tags integer;
  v_revision bigint;
  v_before bytea;
BEGIN
  created := false;
  moved := '[]';
  SELECT registry_id, deleted_at IS NULL, provisional, name, sparse, tag_mutability, tag_filters, quota_exempt
    INTO v_registry, v_lives, v_provisional, repository_name, v_sparse, v_mutability, v_filters, v_exempt
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
        SELECT coalesce(jsonb_object_agg(encode(digest, 'hex'), id), '{}'),
            CASE WHEN bool_and(content_size IS NOT NULL) THEN max(content_size) END
          INTO v_children, v_child_bytes
          FROM (SELECT DISTINCT d AS wanted FROM unnest(p_children) AS d ORDER BY wanted) AS named
          CROSS JOIN LATERAL (SELECT digest, id, content_size FROM manifests
            WHERE repository_id = p_repository AND digest = named.wanted LIMIT 1 FOR KEY SHARE) AS m; -- step: reference_manifests
      END IF;
      SELECT coalesce(jsonb_object_agg(encode(digest, 'hex'), blob_id), '{}'), coalesce(sum(size), 0)
        INTO v_links, v_blob_bytes
        FROM (SELECT DISTINCT d AS wanted FROM unnest(p_blobs || p_child_blobs) AS d ORDER BY wanted) AS named
        CROSS JOIN LATERAL (SELECT b.digest, l.blob_id, b.size FROM blobs b
          JOIN repository_blobs l ON l.repository_id = p_repository AND l.blob_id = b.id
          WHERE b.registry_id = v_registry AND b.digest = named.wanted LIMIT 1 FOR KEY SHARE OF l) AS b; -- step: reference_links
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

  IF v_manifest IS NULL AND p_images_max IS NOT NULL AND NOT v_exempt THEN
    SELECT count(*) INTO images FROM (
      SELECT FROM manifests WHERE repository_id = p_repository LIMIT p_images_max) AS held;
    IF images >= p_images_max THEN
      outcome := 'images too many';
      RETURN;
    END IF;
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

  IF p_tags_max IS NOT NULL AND NOT v_exempt THEN
    v_new_tags := (SELECT count(*) FROM unnest(v_targets) AS t (id)
      WHERE v_manifest IS NULL OR t.id IS DISTINCT FROM v_manifest);
    IF v_new_tags > 0 AND v_new_tags > p_tags_max - (
      SELECT count(*) FROM (SELECT FROM tags WHERE repository_id = p_repository AND manifest_id = v_manifest
        LIMIT p_tags_max) AS held) THEN
      outcome := 'tags too many';
      RETURN;
    END IF;
  END IF;

  IF v_manifest IS NULL THEN
    INSERT INTO manifests (repository_id, digest, media_type, artifact_type, subject_digest, annotations, size, payload,
        pushed_at, pushed_by, content_size)
      VALUES (p_repository, p_digest, p_media_type, p_artifact_type, p_subject, p_annotations, length(p_payload),
        p_payload, p_at, p_by, CASE
          WHEN cardinality(v_unsettled) > 0 THEN NULL
          WHEN cardinality(p_children) > 0 THEN v_child_bytes
          ELSE v_blob_bytes END)
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