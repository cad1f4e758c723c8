-- History in the order of its making: every version of a type, newest or oldest first, read off one index.
CREATE INDEX version_changed ON version (type, last_updated, id, version);
