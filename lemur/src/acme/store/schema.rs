//! The tables of the component `lemur-acme`. One text for both databases, with the names of types put in; times are seconds since 1970.
//!
//! The nonces' tables are PostgreSQL's alone, and unlogged: what is in them is worth nothing after a crash (see [`super::super::nonce`]).

use menagerie_store::database::{Migration, Migrations};

macro_rules! first {
    ($int:literal, $bytes:literal, $strict:literal) => {
        concat!(
            "CREATE TABLE acme_external_key (
                id TEXT PRIMARY KEY, sealed ", $bytes, " NOT NULL, ring_key TEXT NOT NULL, owner TEXT NOT NULL, description TEXT NOT NULL,
                names TEXT NOT NULL, profiles TEXT NOT NULL, most_accounts ", $int, ", accounts ", $int, " NOT NULL DEFAULT 0,
                created ", $int, " NOT NULL, expires ", $int, ", revoked ", $int, "
            )", $strict, ";
            CREATE INDEX acme_external_key_ring_key ON acme_external_key (ring_key);
            CREATE TABLE acme_account (
                id TEXT PRIMARY KEY, status TEXT NOT NULL, thumbprint TEXT NOT NULL UNIQUE, jwk TEXT NOT NULL, contacts TEXT NOT NULL,
                agreed ", $int, ", external_key TEXT REFERENCES acme_external_key (id), created ", $int, " NOT NULL
            )", $strict, ";
            CREATE INDEX acme_account_external_key ON acme_account (external_key);",
            // `attempted` is the method of the challenge that the client answered: there is one answer to an authorization.
            "CREATE TABLE acme_authorization (
                id TEXT PRIMARY KEY, account TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, wildcard ", $int, " NOT NULL,
                status TEXT NOT NULL, expires ", $int, " NOT NULL, token TEXT NOT NULL, offer TEXT NOT NULL, attempted TEXT,
                validated ", $int, ", caa ", $int, ", error TEXT, lease TEXT, lease_until ", $int, "
            )", $strict, ";
            CREATE INDEX acme_authorization_valid ON acme_authorization (account, kind, value, wildcard) WHERE status = 'valid';
            CREATE INDEX acme_authorization_pending ON acme_authorization (account) WHERE status = 'pending';
            CREATE INDEX acme_authorization_lease ON acme_authorization (lease_until) WHERE status = 'pending' AND attempted IS NOT NULL;
            CREATE INDEX acme_authorization_expires ON acme_authorization (expires);",
            // An order's status is that of its authorizations until it is finalized.
            "CREATE TABLE acme_order (
                id TEXT PRIMARY KEY, account TEXT NOT NULL, status TEXT NOT NULL, offer TEXT NOT NULL, named_offer ", $int, " NOT NULL,
                identifiers TEXT NOT NULL, not_before ", $int, ", not_after ", $int, ", created ", $int, " NOT NULL, expires ", $int, " NOT NULL,
                replaces TEXT, error TEXT, csr ", $bytes, ", certificate ", $int, ", kept_until ", $int, " NOT NULL, lease_until ", $int, "
            )", $strict, ";
            CREATE INDEX acme_order_account ON acme_order (account, created, id);
            CREATE INDEX acme_order_certificate ON acme_order (certificate) WHERE certificate IS NOT NULL;
            CREATE INDEX acme_order_replaces ON acme_order (replaces) WHERE replaces IS NOT NULL;
            CREATE INDEX acme_order_processing ON acme_order (lease_until) WHERE status = 'processing';
            CREATE INDEX acme_order_kept_until ON acme_order (kept_until);
            CREATE TABLE acme_order_authorization (
                order_id TEXT NOT NULL, position ", $int, " NOT NULL, authorization_id TEXT NOT NULL, PRIMARY KEY (order_id, position)
            )", $strict, ";"
        )
    };
}

/// The schema from nothing to today.
pub const MIGRATIONS: Migrations = Migrations {
    component: "lemur-acme",
    steps: &[Migration {
        sqlite: first!("INTEGER", "BLOB", " STRICT"),
        postgres: concat!(
            first!("BIGINT", "BYTEA", ""),
            "CREATE UNLOGGED TABLE acme_nonce_key (id BIGINT PRIMARY KEY, secret BYTEA NOT NULL, name TEXT);
            CREATE UNLOGGED TABLE acme_nonce (number BYTEA PRIMARY KEY, used BIGINT NOT NULL);
            CREATE INDEX acme_nonce_used ON acme_nonce (used);"
        ),
    }],
};

/// What is counted, and what there may be one of, by indexes of their own: authorizations that came to nothing, and the order that replaces a
/// certificate.
pub(in crate::acme) const BOUNDS: Migrations =
    Migrations { component: "lemur-acme-bounds", steps: &[Migration { sqlite: INDEXES, postgres: INDEXES }] };

const INDEXES: &str = "CREATE INDEX acme_authorization_spent ON acme_authorization (account, expires)
        WHERE status IN ('invalid', 'deactivated');
    CREATE UNIQUE INDEX acme_order_replaces_once ON acme_order (replaces)
        WHERE replaces IS NOT NULL AND status IN ('open', 'processing', 'valid')";
