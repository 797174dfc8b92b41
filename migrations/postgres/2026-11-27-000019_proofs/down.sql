ALTER TABLE staff DROP COLUMN declared_mac;
ALTER TABLE platform_clients DROP COLUMN mac;
ALTER TABLE staff_sessions DROP COLUMN mac;
ALTER TABLE staff DROP COLUMN mac;
