ALTER TABLE events ALTER COLUMN position SET STATISTICS -1;
DROP INDEX blind_indexes_in_order;
CREATE INDEX blind_indexes_by_digest ON blind_indexes (digest);
