-- Whom cases name is gone through from the newest: of a name that very many give, only as many as are looked at.
DROP INDEX blind_indexes_by_digest;
CREATE INDEX blind_indexes_in_order ON blind_indexes (digest, role, created_at, case_id);
