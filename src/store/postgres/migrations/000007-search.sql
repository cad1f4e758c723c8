-- Numbers and quantities: both ends are in the range. Where two long texts may meet, a digest stands for them in the
-- primary key, as in 000001.
CREATE TABLE quantity (
  type    TEXT COLLATE "C" NOT NULL,
  param   TEXT COLLATE "C" NOT NULL,
  low     DOUBLE PRECISION NOT NULL,
  high    DOUBLE PRECISION NOT NULL,
  code    TEXT COLLATE "C" NOT NULL,
  system  TEXT COLLATE "C" NOT NULL,
  id      TEXT COLLATE "C" NOT NULL,
  patient TEXT COLLATE "C",
  digest  BIGINT GENERATED ALWAYS AS (hashtextextended(system || chr(10) || code, 0)) STORED,
  PRIMARY KEY (type, id, param, low, high, digest)
);
CREATE INDEX quantity_low ON quantity (type, param, low, high, id);
CREATE INDEX quantity_high ON quantity (type, param, high, low, id);

-- Values that stand together: the first is a code or a reference (code, system); the second a code, a reference or a
-- text (text, extra), or a range (low, high) with its unit (text, extra); the third a number (low2, high2).
CREATE TABLE composite (
  type    TEXT COLLATE "C" NOT NULL,
  param   TEXT COLLATE "C" NOT NULL,
  code    TEXT COLLATE "C" NOT NULL,
  system  TEXT COLLATE "C" NOT NULL,
  text    TEXT COLLATE "C" NOT NULL,
  extra   TEXT COLLATE "C" NOT NULL,
  low     DOUBLE PRECISION,
  high    DOUBLE PRECISION,
  low2    DOUBLE PRECISION,
  high2   DOUBLE PRECISION,
  number  INTEGER          NOT NULL,
  id      TEXT COLLATE "C" NOT NULL,
  patient TEXT COLLATE "C",
  PRIMARY KEY (type, id, param, number)
);
CREATE INDEX composite_code ON composite (type, param, code, id);

-- What all processes on the store know and nobody else: whoever reads it can make addresses of pages.
CREATE TABLE secret (
  name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  value TEXT NOT NULL
);
