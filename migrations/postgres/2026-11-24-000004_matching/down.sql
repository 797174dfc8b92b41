DROP INDEX cases_to_match;
ALTER TABLE cases DROP COLUMN match_at;
