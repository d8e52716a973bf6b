ALTER TABLE ocsp ADD COLUMN der_sha256 BYTEA;
UPDATE ocsp SET refresh = 0;
