-- History in the order of its making: every version of a type, newest or oldest first, read off one index.
CREATE INDEX version_changed ON version (type, last_updated, id, version);

-- The planner's figures for it, as in 000006.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('version', 'version_changed', '200000 40000 2 1 1');
ANALYZE sqlite_schema;
