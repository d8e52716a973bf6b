CREATE TABLE compromised_key (
    spki BLOB PRIMARY KEY,
    since_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE compromised_certificate (
    certificate INTEGER PRIMARY KEY
) STRICT;
INSERT INTO compromised_certificate SELECT id FROM certificate
    WHERE revoked_ms IS NOT NULL AND reason IN ('keyCompromise', 'cACompromise', 'aACompromise');
