-- Why a request was refused: one row for each denial of a principal, for whoever holds the id that the answer gave.
-- compatible-with: 1

-- Written in batches, apart from the request; rows older than a week are deleted with them. account_id is that of the
-- principal; there is no foreign key, because nothing here may hold anything up. context holds what else was known of
-- the request: {"secureTransport": …, "conditions": {…}}.
CREATE TABLE decisions (
  id text COLLATE "C" PRIMARY KEY,
  at timestamptz NOT NULL,
  account_id text COLLATE "C" NOT NULL,
  principal text COLLATE "C" NOT NULL,
  access_key_id text COLLATE "C" NOT NULL,
  action text COLLATE "C" NOT NULL,
  resource text COLLATE "C" NOT NULL,
  source_ip text COLLATE "C" NOT NULL,
  user_agent text NOT NULL,
  context jsonb NOT NULL,
  reason text NOT NULL
);
CREATE INDEX decisions_at ON decisions (at);
