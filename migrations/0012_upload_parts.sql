-- An upload session may come in parts that say which bytes they are. What is kept of them is about the last one, so that
-- one that is sent again is known: {"count", "hasSmall", "last": {"start", "end", "sha256"}}.
-- compatible-with: 5

ALTER TABLE uploads ADD COLUMN parts jsonb;
