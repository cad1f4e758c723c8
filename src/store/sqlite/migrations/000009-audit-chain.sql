-- A stretch of the audit that one process wrote, in the order of its commits. The hash of an entry is made over the
-- entry and the hash before it; that of a segment's header over where the segment before it then ended.
CREATE TABLE audit_segment (
  number          INTEGER PRIMARY KEY,
  process         TEXT    NOT NULL,
  opened_at       TEXT    NOT NULL,
  -- Where the segment before this one had come to; 0 and empty for the first.
  previous_entry  INTEGER NOT NULL,
  previous_hash   TEXT    NOT NULL,
  header_hash     TEXT    NOT NULL,
  -- The head: it moves in the commit that adds the entries, so that a tail that was cut off is missed.
  entries         INTEGER NOT NULL,
  head_hash       TEXT    NOT NULL,
  sealed_at       TEXT
) STRICT;
CREATE TRIGGER audit_segment_moves_forward BEFORE UPDATE ON audit_segment
WHEN OLD.sealed_at IS NOT NULL OR NEW.entries < OLD.entries OR (NEW.number, NEW.process, NEW.opened_at,
  NEW.previous_entry, NEW.previous_hash, NEW.header_hash) IS NOT (OLD.number, OLD.process, OLD.opened_at,
  OLD.previous_entry, OLD.previous_hash, OLD.header_hash)
BEGIN
  SELECT raise(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_segment_never_shrinks BEFORE DELETE ON audit_segment
BEGIN
  SELECT raise(ABORT, 'audit is append-only');
END;

-- What many entries have in common, kept once: JSON text with holes. Its id is the hash of it.
CREATE TABLE audit_frame (
  id   TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER audit_frame_never_changes BEFORE UPDATE ON audit_frame
BEGIN
  SELECT raise(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_frame_never_shrinks BEFORE DELETE ON audit_frame
BEGIN
  SELECT raise(ABORT, 'audit is append-only');
END;

-- Null in entries that were written before there was a chain, or by a process that does not know of it. Whatever
-- copies the store copies both tables as they are.
ALTER TABLE audit ADD COLUMN segment INTEGER;
ALTER TABLE audit ADD COLUMN number  INTEGER;
ALTER TABLE audit ADD COLUMN hash    TEXT;
-- What is searched by. The rest is found in the event itself.
ALTER TABLE audit ADD COLUMN type    TEXT;
ALTER TABLE audit ADD COLUMN subtype TEXT;
ALTER TABLE audit ADD COLUMN action  TEXT;
ALTER TABLE audit ADD COLUMN outcome TEXT;
ALTER TABLE audit ADD COLUMN client  TEXT;
ALTER TABLE audit ADD COLUMN partner TEXT;
-- Where it is not null, the column `content` has what fills its holes. An id of audit_frame.
ALTER TABLE audit ADD COLUMN frame   TEXT;
CREATE UNIQUE INDEX audit_place ON audit (segment, number) WHERE segment IS NOT NULL;
-- "Who has seen my record?"
CREATE INDEX audit_patient ON audit (patient, recorded) WHERE patient IS NOT NULL;
CREATE INDEX audit_recorded ON audit (recorded);
