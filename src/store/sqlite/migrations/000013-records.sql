-- "Who has seen my record?", at less cost for everybody who reads one. Patients come in no order, so that an index that
-- starts with them has another page to write for nearly each event. Here a stretch of the audit has its own few pages,
-- and the planner, told by the figures below how few stretches there are, looks into each (a skip scan).
DROP INDEX audit_patient;
CREATE INDEX audit_patient ON audit (seq >> 11, patient) WHERE patient IS NOT NULL;

-- What of a record is labelled confidential: mostly nothing, and then it need not be asked of each resource. Written so
-- that no other search can be taken for it: SQLite would look at each value that is bound, to see whether this index would
-- do, and plan the statement anew at every run.
CREATE INDEX token_confidential ON token (patient, type) WHERE param || '' = '_security' AND code || '' IN ('R', 'V');

ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('audit', 'audit_patient', '2000000 2000 4'),
  ('audit', 'audit_place', '2000000 500000 1'),
  ('audit', 'audit_recorded', '2000000 2'),
  ('token', 'token_confidential', '1000 10 5');
ANALYZE sqlite_schema;
