ALTER TABLE platform_clients DROP COLUMN mac;
ALTER TABLE staff_sessions DROP COLUMN mac;
ALTER TABLE staff DROP COLUMN mac;
