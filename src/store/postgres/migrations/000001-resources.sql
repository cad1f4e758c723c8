-- What SQLite has by itself: the place of a text in another, counted from 1; 0 where it is not in it.
CREATE FUNCTION instr(haystack TEXT, needle TEXT) RETURNS INTEGER
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN position(needle IN haystack);

-- Stops a list of statements when one of them has touched fewer rows than it must. The code is ours.
CREATE FUNCTION require_rows(touched BIGINT, expected BIGINT) RETURNS BIGINT
  LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF touched < expected THEN
    RAISE EXCEPTION 'a statement touched fewer rows than it must' USING ERRCODE = 'GN001';
  END IF;
  RETURN touched;
END
$$;

-- Text that is compared by range or sorted has the collation "C": its order is that of its bytes, in every locale,
-- as it is in SQLite.

-- Every version of every resource, and the only place its content is kept. The primary key is the optimistic lock:
-- a version can be made once. `previous` chains it to the one before, so that a version can neither leave a gap nor
-- start a second history: together they say "the version before this one is current" without reading anything.
CREATE TABLE version (
  type         TEXT COLLATE "C" NOT NULL,
  id           TEXT COLLATE "C" NOT NULL,
  version      INTEGER          NOT NULL,
  previous     INTEGER,
  last_updated TEXT COLLATE "C" NOT NULL,
  deleted      INTEGER          NOT NULL,
  content      TEXT             NOT NULL,
  patient      TEXT COLLATE "C",
  message_id   TEXT COLLATE "C",
  PRIMARY KEY (type, id, version),
  FOREIGN KEY (type, id, previous) REFERENCES version (type, id, version),
  CHECK (version = coalesce(previous, 0) + 1)
);

-- The current version of each resource, deletions included: what search walks when no index row leads.
CREATE TABLE resource (
  type         TEXT COLLATE "C" NOT NULL,
  id           TEXT COLLATE "C" NOT NULL,
  version      INTEGER          NOT NULL,
  last_updated TEXT COLLATE "C" NOT NULL,
  deleted      INTEGER          NOT NULL,
  patient      TEXT COLLATE "C",
  PRIMARY KEY (type, id)
);
CREATE INDEX resource_updated ON resource (type, last_updated, id) WHERE deleted = 0;
CREATE INDEX resource_deleted ON resource (type, id) WHERE deleted = 1;

-- Search parameters of current resources. Each table has an index that starts with (type, param, value), by which a
-- search is driven, and its primary key starts with (type, id, param), by which the other filters are tested. A key
-- of PostgreSQL holds 2,700 bytes at most, so that where two long texts may meet, a digest stands for them in the
-- primary key: it only keeps the same row of one resource from being there twice.
CREATE TABLE token (
  type    TEXT COLLATE "C" NOT NULL,
  param   TEXT COLLATE "C" NOT NULL,
  code    TEXT COLLATE "C" NOT NULL,
  system  TEXT COLLATE "C" NOT NULL,
  id      TEXT COLLATE "C" NOT NULL,
  patient TEXT COLLATE "C",
  digest  BIGINT GENERATED ALWAYS AS (hashtextextended(system || chr(10) || code, 0)) STORED,
  PRIMARY KEY (type, id, param, digest)
);
CREATE INDEX token_value ON token (type, param, code, id);

CREATE TABLE reference (
  type        TEXT COLLATE "C" NOT NULL,
  param       TEXT COLLATE "C" NOT NULL,
  target      TEXT COLLATE "C" NOT NULL,
  target_type TEXT COLLATE "C" NOT NULL,
  id          TEXT COLLATE "C" NOT NULL,
  patient     TEXT COLLATE "C",
  PRIMARY KEY (type, id, param, target, target_type)
);
CREATE INDEX reference_value ON reference (type, param, target, target_type, id);

-- Milliseconds since 1970 UTC; the upper end is exclusive.
CREATE TABLE date (
  type    TEXT COLLATE "C" NOT NULL,
  param   TEXT COLLATE "C" NOT NULL,
  low     BIGINT           NOT NULL,
  high    BIGINT           NOT NULL,
  id      TEXT COLLATE "C" NOT NULL,
  patient TEXT COLLATE "C",
  PRIMARY KEY (type, id, param, low, high)
);
CREATE INDEX date_low ON date (type, param, low, high, id);
CREATE INDEX date_high ON date (type, param, high, low, id);

CREATE TABLE string (
  type    TEXT COLLATE "C" NOT NULL,
  param   TEXT COLLATE "C" NOT NULL,
  folded  TEXT COLLATE "C" NOT NULL,
  exact   TEXT COLLATE "C" NOT NULL,
  id      TEXT COLLATE "C" NOT NULL,
  patient TEXT COLLATE "C",
  digest  BIGINT GENERATED ALWAYS AS (hashtextextended(exact || chr(10) || folded, 0)) STORED,
  PRIMARY KEY (type, id, param, digest)
);
CREATE INDEX string_folded ON string (type, param, folded, id);
CREATE INDEX string_exact ON string (type, param, exact, id);

-- Business identifiers that one resource of a type alone may hold, so that two conditional creates cannot race.
CREATE TABLE identifier (
  type    TEXT COLLATE "C" NOT NULL,
  system  TEXT COLLATE "C" NOT NULL,
  value   TEXT COLLATE "C" NOT NULL,
  id      TEXT COLLATE "C" NOT NULL,
  patient TEXT COLLATE "C",
  PRIMARY KEY (type, system, value)
);
CREATE INDEX identifier_resource ON identifier (type, id);

-- Which organisations a resource relates its patient to.
CREATE TABLE relationship (
  patient      TEXT COLLATE "C" NOT NULL,
  organisation TEXT COLLATE "C" NOT NULL,
  type         TEXT COLLATE "C" NOT NULL,
  id           TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (patient, organisation, type, id)
);
CREATE INDEX relationship_resource ON relationship (type, id);
