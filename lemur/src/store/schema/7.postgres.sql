CREATE TABLE compromised_key (
    spki BYTEA PRIMARY KEY,
    since_ms BIGINT NOT NULL
);
CREATE TABLE compromised_certificate (
    certificate BIGINT PRIMARY KEY
);
INSERT INTO compromised_certificate SELECT id FROM certificate
    WHERE revoked_ms IS NOT NULL AND reason IN ('keyCompromise', 'cACompromise', 'aACompromise');
