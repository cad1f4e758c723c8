CREATE TABLE audit (
  seq      INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  recorded TEXT NOT NULL,
  content  TEXT NOT NULL,
  patient  TEXT
) STRICT;

-- An audit event is written once and stays.
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN
  SELECT raise(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_never_shrinks BEFORE DELETE ON audit
BEGIN
  SELECT raise(ABORT, 'audit is append-only');
END;
