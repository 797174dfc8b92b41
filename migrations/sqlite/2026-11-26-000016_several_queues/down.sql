DROP TABLE case_queues;
ALTER TABLE cases DROP COLUMN also;
