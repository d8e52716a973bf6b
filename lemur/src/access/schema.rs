//! The tables of users, roles, API keys, tokens' keys and tries. Names are unique by their lower-case form (`…_key`).

use menagerie_store::database::{Migration, Migrations};

/// The schema of the component `lemur-access`.
pub const MIGRATIONS: Migrations = Migrations { component: "lemur-access", steps: &[FIRST, CHANGED_BY_ANOTHER] };

/// Of accounts from before nothing is noted.
const CHANGED_BY_ANOTHER: Migration = Migration {
    sqlite: "ALTER TABLE access_users ADD COLUMN changed_by_another_ms INTEGER NOT NULL DEFAULT 0",
    postgres: "ALTER TABLE access_users ADD COLUMN changed_by_another_ms BIGINT NOT NULL DEFAULT 0",
};

const FIRST: Migration = Migration {
    sqlite: "
        CREATE TABLE access_users (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            username TEXT NOT NULL,
            username_key TEXT NOT NULL UNIQUE,
            email TEXT NOT NULL,
            email_key TEXT NOT NULL UNIQUE,
            password TEXT,
            active INTEGER NOT NULL,
            generation INTEGER NOT NULL,
            created INTEGER NOT NULL,
            totp BLOB,
            totp_confirmed INTEGER NOT NULL DEFAULT 0,
            totp_step INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE access_roles (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL
        ) STRICT;
        CREATE TABLE access_members (
            role INTEGER NOT NULL REFERENCES access_roles (id) ON DELETE CASCADE,
            member INTEGER NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
            PRIMARY KEY (member, role)
        ) STRICT;
        CREATE INDEX access_members_of_role ON access_members (role, member);
        CREATE TABLE access_api_keys (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            description TEXT NOT NULL,
            holder INTEGER NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
            issued_at INTEGER NOT NULL,
            ttl_days INTEGER NOT NULL,
            revoked INTEGER NOT NULL,
            narrowed INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX access_api_keys_of_holder ON access_api_keys (holder, id);
        CREATE TABLE access_api_key_roles (
            api_key INTEGER NOT NULL REFERENCES access_api_keys (id) ON DELETE CASCADE,
            role INTEGER NOT NULL REFERENCES access_roles (id) ON DELETE CASCADE,
            PRIMARY KEY (api_key, role)
        ) STRICT;
        CREATE TABLE access_token_keys (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            sealed BLOB NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE access_attempts (
            place TEXT PRIMARY KEY,
            began INTEGER NOT NULL,
            tries INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX access_attempts_by_age ON access_attempts (began);
    ",
    postgres: "
        CREATE TABLE access_users (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            username TEXT NOT NULL,
            username_key TEXT NOT NULL UNIQUE,
            email TEXT NOT NULL,
            email_key TEXT NOT NULL UNIQUE,
            password TEXT,
            active BIGINT NOT NULL,
            generation BIGINT NOT NULL,
            created BIGINT NOT NULL,
            totp BYTEA,
            totp_confirmed BIGINT NOT NULL DEFAULT 0,
            totp_step BIGINT NOT NULL DEFAULT 0
        );
        CREATE TABLE access_roles (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name TEXT NOT NULL,
            name_key TEXT NOT NULL UNIQUE,
            description TEXT NOT NULL
        );
        CREATE TABLE access_members (
            role BIGINT NOT NULL REFERENCES access_roles (id) ON DELETE CASCADE,
            member BIGINT NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
            PRIMARY KEY (member, role)
        );
        CREATE INDEX access_members_of_role ON access_members (role, member);
        CREATE TABLE access_api_keys (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name TEXT NOT NULL,
            description TEXT NOT NULL,
            holder BIGINT NOT NULL REFERENCES access_users (id) ON DELETE CASCADE,
            issued_at BIGINT NOT NULL,
            ttl_days BIGINT NOT NULL,
            revoked BIGINT NOT NULL,
            narrowed BIGINT NOT NULL
        );
        CREATE INDEX access_api_keys_of_holder ON access_api_keys (holder, id);
        CREATE TABLE access_api_key_roles (
            api_key BIGINT NOT NULL REFERENCES access_api_keys (id) ON DELETE CASCADE,
            role BIGINT NOT NULL REFERENCES access_roles (id) ON DELETE CASCADE,
            PRIMARY KEY (api_key, role)
        );
        CREATE TABLE access_token_keys (
            number BIGINT PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            sealed BYTEA NOT NULL,
            created BIGINT NOT NULL
        );
        CREATE TABLE access_attempts (
            place TEXT PRIMARY KEY,
            began BIGINT NOT NULL,
            tries BIGINT NOT NULL
        );
        CREATE INDEX access_attempts_by_age ON access_attempts (began);
    ",
};
