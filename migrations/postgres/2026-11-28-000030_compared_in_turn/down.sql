DROP INDEX cases_to_compare;
CREATE INDEX cases_to_match ON cases (match_at) WHERE match_at IS NOT NULL;
