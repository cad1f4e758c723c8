-- Ids (jti) of client assertions that were used and have not expired: each is good for one token.
CREATE TABLE assertion_id (
  issuer     TEXT COLLATE "C" NOT NULL,
  jti        TEXT COLLATE "C" NOT NULL,
  expires_at TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (issuer, jti)
);
CREATE INDEX assertion_expiry ON assertion_id (expires_at);
