-- Values of reports and additions that could not be used, as they came: one sealed row for each scope.
CREATE TABLE left_out (
    source TEXT NOT NULL,
    scope TEXT NOT NULL,
    case_id TEXT NOT NULL REFERENCES cases (id),
    body BLOB NOT NULL,
    PRIMARY KEY (source, scope)
) WITHOUT ROWID;
CREATE INDEX left_out_of_case ON left_out (case_id);

-- Since when nobody may contact the person by any way: her wishes could not be read, and nobody has asked her yet.
ALTER TABLE reports ADD COLUMN contact_barred_at BIGINT;
