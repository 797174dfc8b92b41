-- Cases wait for their comparison in the line of their platform.
DROP INDEX cases_to_match;
CREATE INDEX cases_to_compare ON cases (platform_id, match_at, id) WHERE match_at IS NOT NULL;
