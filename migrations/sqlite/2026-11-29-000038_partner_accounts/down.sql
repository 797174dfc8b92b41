DROP INDEX sign_ins_by_partner;
DROP INDEX sign_ins_of_partner;
DELETE FROM sign_ins WHERE partner_id IS NOT NULL;
ALTER TABLE sign_ins DROP COLUMN service_id;
ALTER TABLE sign_ins DROP COLUMN partner_id;
DROP TABLE partner_sessions;
DROP TABLE partner_accounts;
