-- A stretch of the audit that one process wrote, in the order of its commits. The hash of an entry is made over the
-- entry and the hash before it; that of a segment's header over where the segment before it then ended.
CREATE TABLE audit_segment (
  number          INTEGER PRIMARY KEY,
  process         TEXT             NOT NULL,
  opened_at       TEXT COLLATE "C" NOT NULL,
  -- Where the segment before this one had come to; 0 and empty for the first.
  previous_entry  INTEGER          NOT NULL,
  previous_hash   TEXT             NOT NULL,
  header_hash     TEXT             NOT NULL,
  -- The head: it moves in the commit that adds the entries, so that a tail that was cut off is missed.
  entries         INTEGER          NOT NULL,
  head_hash       TEXT             NOT NULL,
  sealed_at       TEXT COLLATE "C"
  -- A head moves with every commit: there is to be room for its next versions on the same page.
) WITH (fillfactor = 20);
CREATE FUNCTION refuse_segment_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.sealed_at IS NULL AND NEW.entries >= OLD.entries
    AND (NEW.number, NEW.process, NEW.opened_at, NEW.previous_entry, NEW.previous_hash, NEW.header_hash)
      = (OLD.number, OLD.process, OLD.opened_at, OLD.previous_entry, OLD.previous_hash, OLD.header_hash) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'audit is append-only';
END
$$;
CREATE TRIGGER audit_segment_moves_forward BEFORE UPDATE OR DELETE ON audit_segment
  FOR EACH ROW EXECUTE FUNCTION refuse_segment_change();
CREATE TRIGGER audit_segment_never_empty BEFORE TRUNCATE ON audit_segment
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- What many entries have in common, kept once: JSON text with holes. Its id is the hash of it.
CREATE TABLE audit_frame (
  id   TEXT COLLATE "C" PRIMARY KEY,
  text TEXT NOT NULL
);
CREATE TRIGGER audit_frame_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_frame
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();

-- Null in entries that were written before there was a chain, or by a process that does not know of it. Whatever
-- copies the store copies both tables as they are.
ALTER TABLE audit
  ALTER COLUMN recorded TYPE TEXT COLLATE "C",
  ADD COLUMN segment INTEGER,
  ADD COLUMN number  INTEGER,
  ADD COLUMN hash    TEXT,
  -- What is searched by. The rest is found in the event itself.
  ADD COLUMN type    TEXT COLLATE "C",
  ADD COLUMN subtype TEXT COLLATE "C",
  ADD COLUMN action  TEXT COLLATE "C",
  ADD COLUMN outcome TEXT COLLATE "C",
  ADD COLUMN client  TEXT COLLATE "C",
  ADD COLUMN partner TEXT COLLATE "C",
  -- Where it is not null, the column `content` has what fills its holes. An id of audit_frame.
  ADD COLUMN frame   TEXT COLLATE "C";
CREATE UNIQUE INDEX audit_place ON audit (segment, number) WHERE segment IS NOT NULL;
-- "Who has seen my record?"
CREATE INDEX audit_patient ON audit (patient, recorded) WHERE patient IS NOT NULL;
CREATE INDEX audit_recorded ON audit (recorded);
