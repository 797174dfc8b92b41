ALTER TABLE reports DROP COLUMN staffed;
ALTER TABLE shifts DROP COLUMN looked_at;
ALTER TABLE shifts DROP COLUMN removed_at;
ALTER TABLE shifts DROP COLUMN shown_until;
ALTER TABLE shifts DROP COLUMN shown_from;
DROP TABLE turned_away;
