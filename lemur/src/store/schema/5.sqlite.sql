ALTER TABLE ocsp RENAME COLUMN der TO der_sha1;
ALTER TABLE ocsp ADD COLUMN der_sha256 BLOB;
UPDATE ocsp SET refresh = 0;
