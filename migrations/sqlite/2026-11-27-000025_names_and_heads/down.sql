ALTER TABLE audit_digests DROP COLUMN previous;
DROP TABLE audit_heads;
ALTER TABLE cases DROP COLUMN names_mac;
