-- Over all whom a case names, so that a name which was taken away, added or moved shows.
ALTER TABLE cases ADD COLUMN names_mac BYTEA NOT NULL DEFAULT '';
ALTER TABLE cases ALTER COLUMN names_mac DROP DEFAULT;
