//! The tables. One text for both databases, with the names of types put in.
//!
//! Tables that every issuance writes to have no foreign keys: authorities are never deleted, and a check for each row would cost more than
//! the row. What belongs to a certificate is deleted with it by the code that deletes certificates. Times are milliseconds since 1970 where
//! the column ends in `_ms`, and seconds where it is a certificate's date.

use menagerie_store::database::{Migration, Migrations};

macro_rules! first {
    ($id:literal, $int:literal, $bytes:literal, $strict:literal) => {
        concat!(
            // An authority; `version` grows with every change, for those who keep a copy in memory.
            "CREATE TABLE authority (
                id ",
            $id,
            ", name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL, owner TEXT NOT NULL,
                description TEXT NOT NULL, creator ",
            $int,
            ", created_ms ",
            $int,
            " NOT NULL, parent ",
            $int,
            " REFERENCES authority (id),
                certificate ",
            $int,
            ", der ",
            $bytes,
            ", csr ",
            $bytes,
            ", spki ",
            $bytes,
            " NOT NULL, subject ",
            $bytes,
            " NOT NULL,
                sealed_key ",
            $bytes,
            ", key_reference TEXT, profiles TEXT NOT NULL, options TEXT NOT NULL,
                responder_key ",
            $bytes,
            ", responder_der ",
            $bytes,
            ", responder_until ",
            $int,
            ", responder_lease TEXT,
                responder_lease_ms ",
            $int,
            " NOT NULL DEFAULT 0, allocated ",
            $int,
            " NOT NULL DEFAULT 0,
                version ",
            $int,
            " NOT NULL DEFAULT 1
            )",
            $strict,
            ";
            CREATE TABLE authority_role (
                authority ",
            $int,
            " NOT NULL REFERENCES authority (id), role ",
            $int,
            " NOT NULL, PRIMARY KEY (authority, role)
            )",
            $strict,
            ";
            CREATE INDEX authority_role_role ON authority_role (role);",
            // A certificate of another authority for an authority's name and key.
            "CREATE TABLE cross_certificate (
                id ",
            $id,
            ", authority ",
            $int,
            " NOT NULL REFERENCES authority (id), issuer ",
            $int,
            ", certificate ",
            $int,
            ",
                chain ",
            $bytes,
            " NOT NULL
            )",
            $strict,
            ";
            CREATE INDEX cross_certificate_authority ON cross_certificate (authority);",
            "CREATE TABLE certificate (
                id ",
            $id,
            ", authority ",
            $int,
            ", issuer TEXT NOT NULL, issuer_hash ",
            $bytes,
            " NOT NULL, serial ",
            $bytes,
            " NOT NULL,
                fingerprint ",
            $bytes,
            " NOT NULL, name TEXT NOT NULL UNIQUE, cn TEXT NOT NULL, owner TEXT NOT NULL, creator ",
            $int,
            ",
                description TEXT NOT NULL, profile TEXT NOT NULL, key_type TEXT NOT NULL, not_before ",
            $int,
            " NOT NULL,
                not_after ",
            $int,
            " NOT NULL, issued_ms ",
            $int,
            " NOT NULL, shard ",
            $int,
            ", revoked_ms ",
            $int,
            ", reason TEXT,
                notify ",
            $int,
            " NOT NULL, rotation ",
            $int,
            " NOT NULL, rotation_policy TEXT NOT NULL, has_key ",
            $int,
            " NOT NULL,
                replaced ",
            $int,
            " NOT NULL DEFAULT 0, der ",
            $bytes,
            " NOT NULL, chain ",
            $bytes,
            ", external_id TEXT, csr ",
            $bytes,
            ", search TEXT NOT NULL
            )",
            $strict,
            ";
            CREATE UNIQUE INDEX certificate_serial ON certificate (serial, issuer_hash);
            CREATE INDEX certificate_authority ON certificate (authority, id);
            CREATE INDEX certificate_owner ON certificate (owner, id);
            CREATE INDEX certificate_creator ON certificate (creator, id);
            CREATE INDEX certificate_cn ON certificate (cn, id);
            CREATE INDEX certificate_not_after ON certificate (not_after, id);
            CREATE INDEX certificate_revoked ON certificate (revoked_ms, id) WHERE revoked_ms IS NOT NULL;",
            "CREATE TABLE certificate_name (
                certificate ",
            $int,
            " NOT NULL, position ",
            $int,
            " NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
                PRIMARY KEY (certificate, position)
            )",
            $strict,
            ";
            CREATE INDEX certificate_name_value ON certificate_name (value, certificate);",
            "CREATE TABLE certificate_key (
                certificate ",
            $int,
            " PRIMARY KEY, ring_key TEXT NOT NULL, place TEXT NOT NULL, sealed ",
            $bytes,
            " NOT NULL
            )",
            $strict,
            ";
            CREATE INDEX certificate_key_ring_key ON certificate_key (ring_key);",
            "CREATE TABLE certificate_role (
                certificate ",
            $int,
            " NOT NULL, role ",
            $int,
            " NOT NULL, PRIMARY KEY (certificate, role)
            )",
            $strict,
            ";
            CREATE INDEX certificate_role_role ON certificate_role (role, certificate);
            CREATE TABLE certificate_replaces (
                certificate ",
            $int,
            " NOT NULL, replaced ",
            $int,
            " NOT NULL, PRIMARY KEY (certificate, replaced)
            )",
            $strict,
            ";
            CREATE INDEX certificate_replaces_replaced ON certificate_replaces (replaced, certificate);",
            // A running process; what it has begun is abandoned when it is not heard of any more.
            "CREATE TABLE replica (id TEXT PRIMARY KEY, until_ms ",
            $int,
            " NOT NULL)",
            $strict,
            ";
            CREATE TABLE intent (
                serial ",
            $bytes,
            " NOT NULL, authority ",
            $int,
            " NOT NULL, replica TEXT NOT NULL, shard ",
            $int,
            " NOT NULL,
                not_after ",
            $int,
            " NOT NULL, created_ms ",
            $int,
            " NOT NULL, about TEXT NOT NULL, PRIMARY KEY (serial, authority)
            )",
            $strict,
            ";
            CREATE INDEX intent_replica ON intent (replica);",
            "CREATE TABLE revocation (
                authority ",
            $int,
            " NOT NULL, shard ",
            $int,
            " NOT NULL, serial ",
            $bytes,
            " NOT NULL, revoked_ms ",
            $int,
            " NOT NULL,
                reason TEXT NOT NULL, not_after ",
            $int,
            " NOT NULL, certificate ",
            $int,
            ", PRIMARY KEY (authority, shard, serial)
            )",
            $strict,
            ";",
            // `wanted` counts the changes to a shard, `built` those that its list has in it.
            "CREATE TABLE crl (
                authority ",
            $int,
            " NOT NULL, shard ",
            $int,
            " NOT NULL, wanted ",
            $int,
            " NOT NULL, built ",
            $int,
            " NOT NULL,
                number ",
            $int,
            " NOT NULL, this_update ",
            $int,
            " NOT NULL, next_update ",
            $int,
            " NOT NULL, etag TEXT NOT NULL,
                lease TEXT NOT NULL, lease_ms ",
            $int,
            " NOT NULL, PRIMARY KEY (authority, shard)
            )",
            $strict,
            ";
            CREATE INDEX crl_next_update ON crl (next_update);
            CREATE TABLE crl_body (
                authority ",
            $int,
            " NOT NULL, shard ",
            $int,
            " NOT NULL, der ",
            $bytes,
            " NOT NULL, PRIMARY KEY (authority, shard)
            )",
            $strict,
            ";",
            "CREATE TABLE ocsp (
                authority ",
            $int,
            " NOT NULL, serial ",
            $bytes,
            " NOT NULL, revoked_ms ",
            $int,
            ", reason TEXT, not_after ",
            $int,
            " NOT NULL,
                refresh ",
            $int,
            " NOT NULL, next_update ",
            $int,
            " NOT NULL, sha1 ",
            $bytes,
            " NOT NULL, sha256 ",
            $bytes,
            " NOT NULL,
                PRIMARY KEY (authority, serial)
            )",
            $strict,
            ";
            CREATE INDEX ocsp_refresh ON ocsp (refresh);"
        )
    };
}

/// The schema from nothing to today.
pub const MIGRATIONS: Migrations = Migrations {
    component: "lemur",
    steps: &[Migration {
        sqlite: first!("INTEGER PRIMARY KEY AUTOINCREMENT", "INTEGER", "BLOB", " STRICT"),
        postgres: first!("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "BIGINT", "BYTEA", ""),
    }],
};
