-- Whom cases name is gone through from the newest: of a name that very many give, only as many as are looked at.
DROP INDEX blind_indexes_by_digest;
CREATE INDEX blind_indexes_in_order ON blind_indexes (digest, role, created_at, case_id);
-- Which entries have their places changes with one call for very many of them: what was counted before misleads more than a guess.
ALTER TABLE events ALTER COLUMN position SET STATISTICS 0;
