ALTER TABLE certificate_key DROP COLUMN place;
