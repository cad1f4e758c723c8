CREATE TABLE audit (
  seq      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id       TEXT COLLATE "C" NOT NULL UNIQUE,
  recorded TEXT             NOT NULL,
  content  TEXT             NOT NULL,
  patient  TEXT COLLATE "C"
);

-- An audit event is written once and stays.
CREATE FUNCTION refuse_audit_change() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'audit is append-only';
END
$$;
CREATE TRIGGER audit_never_changes BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
