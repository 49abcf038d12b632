-- The master key that the secrets of this database are encrypted under, so that a node with another one is refused
-- before it writes anything.
-- compatible-with: 5

-- One row: a known text, sealed. The first node writes it, a rotation of the master key seals it anew before any secret.
CREATE TABLE master_key_check (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  ciphertext bytea NOT NULL,
  master_key_id text COLLATE "C" NOT NULL
);
