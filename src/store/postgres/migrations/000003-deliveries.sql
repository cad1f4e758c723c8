-- The outbox. `seq` is the order within a lane; it is never used twice. A writer holds the lane's row while it takes
-- its numbers, so that within a lane their order is the order of commits.
CREATE TABLE delivery (
  seq              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id               TEXT COLLATE "C" NOT NULL UNIQUE,
  partner          TEXT COLLATE "C" NOT NULL,
  channel          TEXT             NOT NULL,
  route            TEXT             NOT NULL,
  lane             TEXT COLLATE "C" NOT NULL,
  correlation_id   TEXT             NOT NULL,
  message_id       TEXT COLLATE "C",
  resource_type    TEXT             NOT NULL,
  resource_id      TEXT             NOT NULL,
  resource_version INTEGER          NOT NULL,
  created_at       TEXT             NOT NULL,
  state            TEXT COLLATE "C" NOT NULL DEFAULT 'pending',
  attempts         INTEGER          NOT NULL DEFAULT 0,
  next_at          TEXT,
  settled_at       TEXT,
  last_issues      TEXT             NOT NULL DEFAULT '[]'
);
CREATE INDEX delivery_head ON delivery (partner, lane, seq) WHERE state = 'pending';
CREATE INDEX delivery_open ON delivery (state, seq) WHERE state <> 'delivered';
CREATE INDEX delivery_partner ON delivery (partner, seq);
CREATE INDEX delivery_message ON delivery (message_id, seq);

CREATE TABLE attempt (
  delivery_id TEXT COLLATE "C" NOT NULL,
  number      INTEGER          NOT NULL,
  at          TEXT             NOT NULL,
  outcome     TEXT             NOT NULL,
  status      INTEGER,
  duration_ms INTEGER          NOT NULL,
  issues      TEXT             NOT NULL,
  PRIMARY KEY (delivery_id, number)
);

-- The queue of one patient at one partner, for as long as it holds something. `waiting` counts its deliveries that
-- are neither delivered nor skipped. `due_at` is when it may be claimed: when its head is due or, while an owner
-- has it, when that owner's lease ends. `blocked` is 1 while its head is dead.
CREATE TABLE lane (
  partner TEXT COLLATE "C" NOT NULL,
  lane    TEXT COLLATE "C" NOT NULL,
  waiting INTEGER          NOT NULL,
  blocked INTEGER          NOT NULL DEFAULT 0,
  due_at  TEXT COLLATE "C" NOT NULL,
  owner   TEXT,
  PRIMARY KEY (partner, lane)
);
CREATE INDEX lane_due ON lane (partner, due_at) WHERE blocked = 0;
-- Rows that come and go: what is dead is to be cleared away long before a fifth of the table is.
ALTER TABLE lane SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- What all processes must know of a partner: paused by an operator, or left alone by the breaker until a time.
CREATE TABLE partner_state (
  partner    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  paused     INTEGER          NOT NULL,
  open_until TEXT COLLATE "C"
);
