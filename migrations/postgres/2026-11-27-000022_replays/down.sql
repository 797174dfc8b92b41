DROP TABLE replays;
DROP INDEX events_of_report;
CREATE INDEX events_of_report ON events (report_id) WHERE report_id IS NOT NULL;
DROP INDEX events_unplaced;
DROP INDEX events_in_time;
DROP INDEX events_of_type;
