-- `key` is the identity of a message's content per partner and channel: the same message again has the same key.
CREATE TABLE message (
  seq             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id              TEXT COLLATE "C" NOT NULL UNIQUE,
  key             TEXT COLLATE "C" NOT NULL UNIQUE,
  correlation_id  TEXT             NOT NULL,
  partner         TEXT COLLATE "C" NOT NULL,
  channel         TEXT             NOT NULL,
  format          TEXT             NOT NULL,
  control_id      TEXT,
  received_at     TEXT             NOT NULL,
  content_hash    TEXT             NOT NULL,
  mapping         TEXT             NOT NULL,
  mapping_version TEXT             NOT NULL,
  state           TEXT COLLATE "C" NOT NULL,
  answer          TEXT             NOT NULL,
  runs            INTEGER          NOT NULL DEFAULT 1
);
CREATE INDEX message_partner ON message (partner, seq);
CREATE INDEX message_refused ON message (state, seq) WHERE state = 'refused';

-- Bodies stand apart, so that lists of messages do not read them and retention can drop them.
CREATE TABLE message_body (
  message_id TEXT COLLATE "C" PRIMARY KEY,
  body       BYTEA NOT NULL
);
