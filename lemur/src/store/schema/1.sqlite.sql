CREATE TABLE authority (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    description TEXT NOT NULL,
    creator INTEGER,
    created_ms INTEGER NOT NULL,
    parent INTEGER REFERENCES authority (id),
    certificate INTEGER,
    der BLOB,
    csr BLOB,
    spki BLOB NOT NULL,
    subject BLOB NOT NULL,
    sealed_key BLOB,
    key_reference TEXT,
    profiles TEXT NOT NULL,
    options TEXT NOT NULL,
    responder_key BLOB,
    responder_der BLOB,
    responder_until INTEGER,
    responder_lease TEXT,
    responder_lease_ms INTEGER NOT NULL DEFAULT 0,
    allocated INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE TABLE authority_role (
    authority INTEGER NOT NULL REFERENCES authority (id),
    role INTEGER NOT NULL,
    PRIMARY KEY (authority, role)
) STRICT;
CREATE INDEX authority_role_role ON authority_role (role);
CREATE TABLE cross_certificate (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    authority INTEGER NOT NULL REFERENCES authority (id),
    issuer INTEGER,
    certificate INTEGER,
    chain BLOB NOT NULL
) STRICT;
CREATE INDEX cross_certificate_authority ON cross_certificate (authority);
CREATE TABLE certificate (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    authority INTEGER,
    issuer TEXT NOT NULL,
    issuer_hash BLOB NOT NULL,
    serial BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    name TEXT NOT NULL UNIQUE,
    cn TEXT NOT NULL,
    owner TEXT NOT NULL,
    creator INTEGER,
    description TEXT NOT NULL,
    profile TEXT NOT NULL,
    key_type TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    issued_ms INTEGER NOT NULL,
    shard INTEGER,
    revoked_ms INTEGER,
    reason TEXT,
    notify INTEGER NOT NULL,
    rotation INTEGER NOT NULL,
    rotation_policy TEXT NOT NULL,
    has_key INTEGER NOT NULL,
    replaced INTEGER NOT NULL DEFAULT 0,
    der BLOB NOT NULL,
    chain BLOB,
    external_id TEXT,
    csr BLOB,
    search TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX certificate_serial ON certificate (serial, issuer_hash);
CREATE INDEX certificate_authority ON certificate (authority, id);
CREATE INDEX certificate_owner ON certificate (owner, id);
CREATE INDEX certificate_creator ON certificate (creator, id);
CREATE INDEX certificate_cn ON certificate (cn, id);
CREATE INDEX certificate_not_after ON certificate (not_after, id);
CREATE INDEX certificate_revoked ON certificate (revoked_ms, id) WHERE revoked_ms IS NOT NULL;
CREATE TABLE certificate_name (
    certificate INTEGER NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (certificate, position)
) STRICT;
CREATE INDEX certificate_name_value ON certificate_name (value, certificate);
CREATE TABLE certificate_key (
    certificate INTEGER PRIMARY KEY,
    ring_key TEXT NOT NULL,
    place TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX certificate_key_ring_key ON certificate_key (ring_key);
CREATE TABLE certificate_role (
    certificate INTEGER NOT NULL,
    role INTEGER NOT NULL,
    PRIMARY KEY (certificate, role)
) STRICT;
CREATE INDEX certificate_role_role ON certificate_role (role, certificate);
CREATE TABLE certificate_replaces (
    certificate INTEGER NOT NULL,
    replaced INTEGER NOT NULL,
    PRIMARY KEY (certificate, replaced)
) STRICT;
CREATE INDEX certificate_replaces_replaced ON certificate_replaces (replaced, certificate);
CREATE TABLE replica (
    id TEXT PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE intent (
    serial BLOB NOT NULL,
    authority INTEGER NOT NULL,
    replica TEXT NOT NULL,
    shard INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    about TEXT NOT NULL,
    PRIMARY KEY (serial, authority)
) STRICT;
CREATE INDEX intent_replica ON intent (replica);
CREATE TABLE revocation (
    authority INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    serial BLOB NOT NULL,
    revoked_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    not_after INTEGER NOT NULL,
    certificate INTEGER,
    PRIMARY KEY (authority, shard, serial)
) STRICT;
CREATE TABLE crl (
    authority INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    wanted INTEGER NOT NULL,
    built INTEGER NOT NULL,
    number INTEGER NOT NULL,
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    etag TEXT NOT NULL,
    lease TEXT NOT NULL,
    lease_ms INTEGER NOT NULL,
    PRIMARY KEY (authority, shard)
) STRICT;
CREATE INDEX crl_next_update ON crl (next_update);
CREATE TABLE crl_body (
    authority INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (authority, shard)
) STRICT;
CREATE TABLE ocsp (
    authority INTEGER NOT NULL,
    serial BLOB NOT NULL,
    revoked_ms INTEGER,
    reason TEXT,
    not_after INTEGER NOT NULL,
    refresh INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    der BLOB NOT NULL,
    PRIMARY KEY (authority, serial)
) STRICT;
CREATE INDEX ocsp_refresh ON ocsp (refresh);
