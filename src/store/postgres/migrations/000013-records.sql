-- What of a record is labelled confidential: mostly nothing, and then it need not be asked of each resource.
CREATE INDEX token_confidential ON token (patient, type) WHERE param || '' = '_security' AND code || '' IN ('R', 'V');
