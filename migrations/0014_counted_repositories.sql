-- Counts all repositories that one statement makes at once: a row that is updated once for each is read anew each time.
-- compatible-with: 5

CREATE FUNCTION count_made_repositories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE registries g SET repositories = g.repositories + made.number
    FROM (SELECT registry_id, count(*) AS number FROM changed WHERE deleted_at IS NULL GROUP BY registry_id) AS made
    WHERE g.id = made.registry_id;
  RETURN NULL;
END $$;
DROP TRIGGER repositories_count_insert ON repositories;
CREATE TRIGGER repositories_count_insert AFTER INSERT ON repositories
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_made_repositories();

-- What counts one repository is left with those that go.
CREATE OR REPLACE FUNCTION count_repository() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE registries SET repositories = repositories - 1 WHERE id = OLD.registry_id;
  RETURN NULL;
END $$;
