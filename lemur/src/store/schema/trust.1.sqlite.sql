ALTER TABLE certificate_key DROP COLUMN place;
DROP INDEX certificate_serial;
CREATE UNIQUE INDEX certificate_serial ON certificate (serial, fingerprint);
