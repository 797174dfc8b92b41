DROP INDEX referrals_of_service_by_state;
ALTER TABLE services DROP COLUMN walls;
DROP TABLE partner_clients;
