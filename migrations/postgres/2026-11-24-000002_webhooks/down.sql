DROP INDEX events_of_report;
ALTER TABLE events DROP COLUMN endpoint_id;
DROP TABLE deliveries;
DROP TABLE webhook_secrets;
DROP TABLE webhook_endpoints;
