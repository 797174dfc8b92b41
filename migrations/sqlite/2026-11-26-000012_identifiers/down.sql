ALTER TABLE staff_identifiers DROP COLUMN rules;
ALTER TABLE staff_identifiers DROP COLUMN declaration_id;
DROP TABLE declarations;
ALTER TABLE blind_indexes DROP COLUMN rules;
ALTER TABLE blind_indexes DROP COLUMN used;
