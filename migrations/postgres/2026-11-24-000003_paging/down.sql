ALTER TABLE staff DROP COLUMN mail;
DROP INDEX clocks_alarm;
ALTER TABLE clocks DROP COLUMN alarm_at;
DROP TABLE alarms;
DROP TABLE shifts;
