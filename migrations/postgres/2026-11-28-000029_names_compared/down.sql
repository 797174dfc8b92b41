DROP INDEX blind_indexes_compared;
CREATE INDEX blind_indexes_in_order ON blind_indexes (digest, role, created_at, case_id);
