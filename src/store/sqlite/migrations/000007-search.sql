-- Numbers and quantities: both ends are in the range.
CREATE TABLE quantity (
  type    TEXT NOT NULL,
  param   TEXT NOT NULL,
  low     REAL NOT NULL,
  high    REAL NOT NULL,
  code    TEXT NOT NULL,
  system  TEXT NOT NULL,
  id      TEXT NOT NULL,
  patient TEXT,
  PRIMARY KEY (type, param, low, high, code, system, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX quantity_high ON quantity (type, param, high, low, id);
CREATE INDEX quantity_resource ON quantity (type, id, param, low, high, code, system);

-- Values that stand together: the first is a code or a reference (code, system); the second a code, a reference or a
-- text (text, extra), or a range (low, high) with its unit (text, extra); the third a number (low2, high2).
CREATE TABLE composite (
  type    TEXT    NOT NULL,
  param   TEXT    NOT NULL,
  code    TEXT    NOT NULL,
  system  TEXT    NOT NULL,
  text    TEXT    NOT NULL,
  extra   TEXT    NOT NULL,
  low     REAL,
  high    REAL,
  low2    REAL,
  high2   REAL,
  number  INTEGER NOT NULL,
  id      TEXT    NOT NULL,
  patient TEXT,
  PRIMARY KEY (type, param, code, id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX composite_resource ON composite (type, id, param, code);

-- What all processes on the store know and nobody else: whoever reads it can make addresses of pages.
CREATE TABLE secret (
  name  TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- As in 000006: what the planner is to assume.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('quantity', 'quantity', '100000 50000 10000 20 15 10 10 1'),
  ('quantity', 'quantity_high', '100000 50000 10000 20 15 1'),
  ('quantity', 'quantity_resource', '100000 50000 3 2 1 1 1 1'),
  ('composite', 'composite', '100000 50000 10000 100 2 1'),
  ('composite', 'composite_resource', '100000 50000 4 2 1');
ANALYZE sqlite_schema;
