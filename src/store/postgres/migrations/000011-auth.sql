-- Public halves of the keys that sign our access tokens: one for each process, or data folder. The private halves
-- never come here.
CREATE TABLE signing_key (
  kid         TEXT COLLATE "C" PRIMARY KEY,
  jwk         TEXT             NOT NULL,
  created_at  TEXT COLLATE "C" NOT NULL,
  -- The process that has the private half signs until then, and moves it on while it runs and nobody ends the key.
  signs_until TEXT COLLATE "C" NOT NULL
);
CREATE INDEX signing_key_end ON signing_key (signs_until);

-- Access tokens that ended before their time.
CREATE TABLE revoked_token (
  token_id   TEXT COLLATE "C" PRIMARY KEY,
  expires_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX revoked_token_expiry ON revoked_token (expires_at);

-- Clients that were added or revoked while the gateway runs.
CREATE TABLE client (
  id         TEXT COLLATE "C" PRIMARY KEY,
  content    TEXT             NOT NULL,
  revoked    SMALLINT         NOT NULL,
  updated_at TEXT COLLATE "C" NOT NULL
);
