-- How far names were made anew, a run for each version of the rules of identifiers.
CREATE TABLE renewals (
    rules BIGINT NOT NULL PRIMARY KEY,
    after_case TEXT NOT NULL,
    looked_at BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    ended_at BIGINT
);

-- Old cases that match since their names were made anew: for a lead to look at. case_id sorts before other_id.
CREATE TABLE late_matches (
    case_id TEXT NOT NULL REFERENCES cases (id),
    other_id TEXT NOT NULL REFERENCES cases (id),
    code TEXT NOT NULL,
    found_at BIGINT NOT NULL,
    PRIMARY KEY (case_id, other_id, code)
) WITHOUT ROWID;
CREATE INDEX late_matches_by_time ON late_matches (found_at, case_id, other_id, code);
