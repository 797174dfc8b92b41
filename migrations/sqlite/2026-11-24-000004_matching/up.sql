-- Since when a case waits to be compared with others: it is new, or names somebody it did not name before.
ALTER TABLE cases ADD COLUMN match_at BIGINT;
CREATE INDEX cases_to_match ON cases (match_at) WHERE match_at IS NOT NULL;
