-- What the query planner is to assume of the index tables. Without statistics SQLite takes ten rows for what one type
-- holds, and walks all of them where it should look up a few. These are rounded figures of a filled store: rows in
-- all, then rows that share the first column of the index, the first two, and so on. Fixed figures give the same plans
-- in a small store and a large one; nothing runs ANALYZE over them.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('resource', 'resource', '100000 20000 1'),
  ('resource', 'resource_updated', '100000 20000 2 1'),
  ('resource', 'resource_deleted', '1000 200 1'),
  ('version', 'sqlite_autoindex_version_1', '200000 40000 2 1'),
  ('token', 'token', '600000 120000 20000 40 30 1'),
  ('token', 'token_resource', '600000 120000 6 2 1 1'),
  ('reference', 'reference', '300000 60000 20000 20 20 1'),
  ('reference', 'reference_resource', '300000 60000 3 2 1 1'),
  ('date', 'date', '200000 40000 5000 4 2 1'),
  ('date', 'date_high', '200000 40000 5000 4 2 1'),
  ('date', 'date_resource', '200000 40000 2 1 1 1'),
  ('string', 'string', '200000 40000 5000 10 5 1'),
  ('string', 'string_resource', '200000 40000 4 2 1 1');
ANALYZE sqlite_schema;
