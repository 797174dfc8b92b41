ALTER TABLE reports DROP COLUMN contact_barred_at;
DROP TABLE left_out;
