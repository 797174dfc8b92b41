-- What a keyed hash is compared for, and the version of the rules that made it. Those that stand were for everything, by
-- the first rules.
ALTER TABLE blind_indexes ADD COLUMN used TEXT NOT NULL DEFAULT 'both';
ALTER TABLE blind_indexes ADD COLUMN rules BIGINT NOT NULL DEFAULT 1;

-- What colleagues declared, sealed, so that its hashes can be made anew when the rules change.
CREATE TABLE declarations (
    id TEXT NOT NULL PRIMARY KEY,
    staff_id TEXT NOT NULL REFERENCES staff (id),
    kind TEXT NOT NULL,
    rules BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX declarations_by_staff ON declarations (staff_id);

-- Hashes without a declaration were made before originals were kept.
ALTER TABLE staff_identifiers ADD COLUMN declaration_id TEXT REFERENCES declarations (id);
ALTER TABLE staff_identifiers ADD COLUMN rules BIGINT NOT NULL DEFAULT 1;
