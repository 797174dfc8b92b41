-- What a survivor agreed to: one service, some scopes, until a day. Rows are added and never changed; what she took back later
-- stands beside.
CREATE TABLE consents (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    service_id TEXT NOT NULL REFERENCES services (id),
    recorded_by TEXT NOT NULL REFERENCES staff (id),
    recorded_at BIGINT NOT NULL,
    body BLOB NOT NULL,
    words BLOB
);
CREATE INDEX consents_of_case ON consents (case_id, recorded_at, id);
CREATE TABLE consent_changes (
    id TEXT NOT NULL PRIMARY KEY,
    case_id TEXT NOT NULL REFERENCES cases (id),
    consent_id TEXT NOT NULL REFERENCES consents (id),
    changed_by TEXT NOT NULL REFERENCES staff (id),
    at BIGINT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX consent_changes_of_case ON consent_changes (case_id, at, id);
