DROP TABLE unseen_cases;
DROP INDEX cases_reserved;
DROP INDEX cases_claimed;
ALTER TABLE alarms DROP COLUMN told;
DROP INDEX acts_in_order;
DROP INDEX acts_waiting_of;
ALTER TABLE acts DROP COLUMN void_cause;
