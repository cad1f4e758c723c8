-- Most rows are the words beside a code, which are looked for folded alone and have no exact text. What is looked for
-- exactly is never empty, and the search says so. Made before the other goes, so that readers wait for an instant alone.
CREATE INDEX string_exact_set ON string (type, param, exact, id) WHERE exact <> '';
DROP INDEX string_exact;
ALTER INDEX string_exact_set RENAME TO string_exact;
