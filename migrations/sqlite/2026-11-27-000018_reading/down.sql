ALTER TABLE staff DROP COLUMN person;
ALTER TABLE alarms DROP COLUMN stilled_by;
DROP TABLE readings;
ALTER TABLE cases DROP COLUMN acted_at;
ALTER TABLE cases DROP COLUMN read_at;
ALTER TABLE cases DROP COLUMN content_at;
