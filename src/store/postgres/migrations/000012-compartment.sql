-- All that is held about one person, in the order in which it is paged through.
CREATE INDEX resource_patient ON resource (patient, type, id);
