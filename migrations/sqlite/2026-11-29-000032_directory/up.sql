-- Outside organisations that help. What is known of one stands in its document, which whoever has no keyring cannot change.
-- Changes come one after another and each has a revision of its own, so that whoever holds the directory in memory sees one.
CREATE TABLE services (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL,
    full_until BIGINT,
    retired_at BIGINT,
    told_for BIGINT,
    revision BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    audit_seq BIGINT NOT NULL,
    audit_head BLOB NOT NULL,
    mac BLOB NOT NULL
);
CREATE INDEX services_by_revision ON services (revision);
