-- Every version of every resource, and the only place its content is kept. The primary key is the optimistic lock:
-- a version can be made once. `previous` chains it to the one before, so that a version can neither leave a gap nor
-- start a second history: together they say "the version before this one is current" without reading anything.
CREATE TABLE version (
  type         TEXT    NOT NULL,
  id           TEXT    NOT NULL,
  version      INTEGER NOT NULL,
  previous     INTEGER,
  last_updated TEXT    NOT NULL,
  deleted      INTEGER NOT NULL,
  content      TEXT    NOT NULL,
  patient      TEXT,
  message_id   TEXT,
  PRIMARY KEY (type, id, version),
  FOREIGN KEY (type, id, previous) REFERENCES version (type, id, version),
  CHECK (version = coalesce(previous, 0) + 1)
) STRICT;

-- The current version of each resource, deletions included: what search walks when no index row leads.
CREATE TABLE resource (
  type         TEXT    NOT NULL,
  id           TEXT    NOT NULL,
  version      INTEGER NOT NULL,
  last_updated TEXT    NOT NULL,
  deleted      INTEGER NOT NULL,
  patient      TEXT,
  PRIMARY KEY (type, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX resource_updated ON resource (type, last_updated, id) WHERE deleted = 0;
CREATE INDEX resource_deleted ON resource (type, id) WHERE deleted = 1;

-- Search parameters of current resources. Each table is clustered for (type, param, value), by which a search is
-- driven, and has an index that starts with (type, id), by which the other filters are tested.
CREATE TABLE token (
  type    TEXT NOT NULL,
  param   TEXT NOT NULL,
  code    TEXT NOT NULL,
  system  TEXT NOT NULL,
  id      TEXT NOT NULL,
  patient TEXT,
  PRIMARY KEY (type, param, code, system, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_resource ON token (type, id, param, code, system);

CREATE TABLE reference (
  type        TEXT NOT NULL,
  param       TEXT NOT NULL,
  target      TEXT NOT NULL,
  target_type TEXT NOT NULL,
  id          TEXT NOT NULL,
  patient     TEXT,
  PRIMARY KEY (type, param, target, target_type, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX reference_resource ON reference (type, id, param, target, target_type);

-- Milliseconds since 1970 UTC; the upper end is exclusive.
CREATE TABLE date (
  type    TEXT    NOT NULL,
  param   TEXT    NOT NULL,
  low     INTEGER NOT NULL,
  high    INTEGER NOT NULL,
  id      TEXT    NOT NULL,
  patient TEXT,
  PRIMARY KEY (type, param, low, high, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX date_high ON date (type, param, high, low, id);
CREATE INDEX date_resource ON date (type, id, param, low, high);

CREATE TABLE string (
  type    TEXT NOT NULL,
  param   TEXT NOT NULL,
  folded  TEXT NOT NULL,
  exact   TEXT NOT NULL,
  id      TEXT NOT NULL,
  patient TEXT,
  PRIMARY KEY (type, param, folded, exact, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX string_resource ON string (type, id, param, folded, exact);

-- Business identifiers that one resource of a type alone may hold, so that two conditional creates cannot race.
CREATE TABLE identifier (
  type    TEXT NOT NULL,
  system  TEXT NOT NULL,
  value   TEXT NOT NULL,
  id      TEXT NOT NULL,
  patient TEXT,
  PRIMARY KEY (type, system, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX identifier_resource ON identifier (type, id);

-- Which organisations a resource relates its patient to.
CREATE TABLE relationship (
  patient      TEXT NOT NULL,
  organisation TEXT NOT NULL,
  type         TEXT NOT NULL,
  id           TEXT NOT NULL,
  PRIMARY KEY (patient, organisation, type, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX relationship_resource ON relationship (type, id);
