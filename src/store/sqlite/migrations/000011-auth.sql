-- Public halves of the keys that sign our access tokens: one for each process, or data folder. The private halves
-- never come here.
CREATE TABLE signing_key (
  kid         TEXT PRIMARY KEY,
  jwk         TEXT NOT NULL,
  created_at  TEXT NOT NULL,
  -- The process that has the private half signs until then, and moves it on while it runs and nobody ends the key.
  signs_until TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signing_key_end ON signing_key (signs_until);

-- Access tokens that ended before their time.
CREATE TABLE revoked_token (
  token_id   TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX revoked_token_expiry ON revoked_token (expires_at);

-- Clients that were added or revoked while the gateway runs.
CREATE TABLE client (
  id         TEXT PRIMARY KEY,
  content    TEXT NOT NULL,
  revoked    INTEGER NOT NULL,
  updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
