-- What active Consents say of who may see a patient's record, flattened: of the rows of one Consent that apply, those
-- of the highest rank decide. An empty text applies to every value. A Consent that was stored before this table is
-- said here to deny everything to everybody until it is read again at the next start, so that no objection is lost.
CREATE TABLE consent_rule (
  patient    TEXT COLLATE "C" NOT NULL,
  type       TEXT COLLATE "C" NOT NULL,
  id         TEXT COLLATE "C" NOT NULL,
  number     INTEGER          NOT NULL,
  rank       INTEGER          NOT NULL,
  decision   TEXT COLLATE "C" NOT NULL,
  actor      TEXT COLLATE "C" NOT NULL,
  class      TEXT COLLATE "C" NOT NULL,
  purpose    TEXT COLLATE "C" NOT NULL,
  valid_from TEXT COLLATE "C" NOT NULL,
  valid_to   TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (patient, type, id, number)
);
CREATE INDEX consent_rule_resource ON consent_rule (type, id);
INSERT INTO consent_rule
  SELECT DISTINCT r.patient, 'Consent', r.id, -1, 0, 'deny', '', '', '', '0000-01-01T00:00:00.000Z', '9999-12-31T23:59:59.999Z'
  FROM resource r JOIN token t ON t.type = 'Consent' AND t.id = r.id AND t.param = 'status' AND t.code = 'active'
  JOIN token s ON s.type = 'Consent' AND s.id = r.id AND s.param = 'scope' AND s.code = 'patient-privacy'
  WHERE r.type = 'Consent' AND r.deleted = 0 AND r.patient IS NOT NULL;
