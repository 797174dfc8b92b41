-- Keyed hashes over what a row grants, and over the rows that hang on an owner. A row without one is refused.
ALTER TABLE staff ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE staff_sessions ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE platform_clients ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
-- Over what a colleague declared, so that a wall that was taken away shows.
ALTER TABLE staff ADD COLUMN declared_mac BLOB NOT NULL DEFAULT x'';
