ALTER TABLE cases DROP COLUMN names_mac;
