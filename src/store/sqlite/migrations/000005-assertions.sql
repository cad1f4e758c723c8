-- Ids (jti) of client assertions that were used and have not expired: each is good for one token.
CREATE TABLE assertion_id (
  issuer     TEXT NOT NULL,
  jti        TEXT NOT NULL,
  expires_at TEXT NOT NULL,
  PRIMARY KEY (issuer, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX assertion_expiry ON assertion_id (expires_at);
