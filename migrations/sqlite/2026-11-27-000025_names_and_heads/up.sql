-- Over all whom a case names, so that a name which was taken away, added or moved shows.
ALTER TABLE cases ADD COLUMN names_mac BLOB NOT NULL DEFAULT x'';
-- Where each chain ended when the newest digest was signed, many to a row.
CREATE TABLE audit_heads (
    at BIGINT NOT NULL,
    page BIGINT NOT NULL,
    heads TEXT NOT NULL,
    PRIMARY KEY (at, page)
) WITHOUT ROWID;
-- The digest before, so that one which was taken away from among them is missed.
ALTER TABLE audit_digests ADD COLUMN previous BLOB NOT NULL DEFAULT x'';
