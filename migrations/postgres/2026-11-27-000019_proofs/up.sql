-- Keyed hashes over what a row grants, and over the rows that hang on an owner. A row without one is refused.
ALTER TABLE staff ADD COLUMN mac BYTEA NOT NULL DEFAULT '';
ALTER TABLE staff_sessions ADD COLUMN mac BYTEA NOT NULL DEFAULT '';
ALTER TABLE platform_clients ADD COLUMN mac BYTEA NOT NULL DEFAULT '';
ALTER TABLE staff ALTER COLUMN mac DROP DEFAULT;
ALTER TABLE staff_sessions ALTER COLUMN mac DROP DEFAULT;
ALTER TABLE platform_clients ALTER COLUMN mac DROP DEFAULT;
-- Over what a colleague declared, so that a wall that was taken away shows.
ALTER TABLE staff ADD COLUMN declared_mac BYTEA NOT NULL DEFAULT '';
ALTER TABLE staff ALTER COLUMN declared_mac DROP DEFAULT;
