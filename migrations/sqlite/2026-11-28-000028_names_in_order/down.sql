DROP INDEX blind_indexes_in_order;
CREATE INDEX blind_indexes_by_digest ON blind_indexes (digest);
