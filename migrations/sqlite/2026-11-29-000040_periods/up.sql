-- What is kept ends: since when a case is closed, when something of it will go, and what has gone.
CREATE TABLE case_keepings (
    case_id TEXT NOT NULL PRIMARY KEY REFERENCES cases (id),
    closed_at BIGINT NOT NULL,
    erase_at BIGINT,
    contact_erased_at BIGINT,
    erased_at BIGINT,
    record_ended_at BIGINT
);
CREATE INDEX case_keepings_with_contact ON case_keepings (closed_at, case_id)
    WHERE erase_at IS NULL AND contact_erased_at IS NULL;
CREATE INDEX case_keepings_with_content ON case_keepings (closed_at, case_id)
    WHERE erase_at IS NULL AND contact_erased_at IS NOT NULL AND erased_at IS NULL;
CREATE INDEX case_keepings_with_record ON case_keepings (erased_at, case_id)
    WHERE erase_at IS NULL AND erased_at IS NOT NULL AND record_ended_at IS NULL;
CREATE INDEX case_keepings_announced ON case_keepings (erase_at, case_id) WHERE erase_at IS NOT NULL;
INSERT INTO case_keepings (case_id, closed_at) SELECT id, closed_at FROM cases WHERE closed_at IS NOT NULL;

-- What must not go: for proceedings, at the wish of the police, for a claim.
CREATE TABLE legal_holds (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    why TEXT NOT NULL,
    placed_at BIGINT NOT NULL,
    until BIGINT,
    ended_at BIGINT
);
CREATE INDEX legal_holds_of_case ON legal_holds (case_id, placed_at, id);

-- Where a chain of the record had come to when its events went.
CREATE TABLE audit_ends (
    chain TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL,
    ended_at BIGINT NOT NULL,
    mac BLOB NOT NULL
);
