//! The tables. Times are microseconds since 1970, UTC; lists and small objects are JSON; documents are text to the letter.

use menagerie_store::database::{Migration, Migrations};

/// Both databases' text of one migration: they differ in the name of a 64-bit integer, of a counted key, and in what ends a table.
macro_rules! both {
    ($sql:ident) => {
        Migration {
            sqlite: $sql!("INTEGER", "INTEGER PRIMARY KEY AUTOINCREMENT", ") STRICT;"),
            postgres: $sql!("BIGINT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", ");"),
        }
    };
}

macro_rules! first {
    ($integer:literal, $counted:literal, $end:literal) => {
        concat!(
            "CREATE TABLE role (
                role_id TEXT PRIMARY KEY,
                revision ",
            $integer,
            " NOT NULL,
                account TEXT NOT NULL,
                arn TEXT NOT NULL,
                name TEXT NOT NULL,
                created_at ",
            $integer,
            ",
                trust_policy TEXT,
                tags TEXT NOT NULL,
                active ",
            $integer,
            " NOT NULL,
                refreshed_at ",
            $integer,
            ",
                repoed_at ",
            $integer,
            ",
                disqualified_by TEXT NOT NULL,
                opt_out TEXT,
                protected TEXT NOT NULL,
                total_permissions ",
            $integer,
            " NOT NULL,
                repoable_permissions ",
            $integer,
            " NOT NULL,
                repoable TEXT NOT NULL,
                scheduled_at ",
            $integer,
            ",
                schedule TEXT,
                observation TEXT",
            $end,
            "CREATE INDEX role_by_name ON role (account, name);
            CREATE INDEX role_by_schedule ON role (account, scheduled_at) WHERE scheduled_at IS NOT NULL;",
            "CREATE TABLE policy_version (
                role_id TEXT NOT NULL REFERENCES role (role_id),
                number ",
            $integer,
            " NOT NULL,
                source TEXT NOT NULL,
                discovered_at ",
            $integer,
            " NOT NULL,
                policies TEXT NOT NULL,
                PRIMARY KEY (role_id, number)",
            $end,
            "CREATE TABLE statistic (
                role_id TEXT NOT NULL REFERENCES role (role_id),
                number ",
            $integer,
            " NOT NULL,
                at ",
            $integer,
            " NOT NULL,
                source TEXT NOT NULL,
                total ",
            $integer,
            " NOT NULL,
                repoable ",
            $integer,
            " NOT NULL,
                disqualified_by TEXT NOT NULL,
                PRIMARY KEY (role_id, number)",
            $end,
            "CREATE TABLE advisor (
                principal TEXT NOT NULL,
                service TEXT NOT NULL,
                record TEXT NOT NULL,
                PRIMARY KEY (principal, service)",
            $end,
            "CREATE TABLE change (
                change_id ",
            $counted,
            ",
                account TEXT NOT NULL,
                principal TEXT NOT NULL,
                purpose TEXT NOT NULL,
                actor TEXT NOT NULL,
                undoes ",
            $integer,
            " REFERENCES change (change_id),
                status TEXT NOT NULL,
                note TEXT,
                proof TEXT,
                planned_at ",
            $integer,
            " NOT NULL,
                updated_at ",
            $integer,
            " NOT NULL",
            $end,
            "CREATE INDEX change_by_principal ON change (principal, change_id);
            CREATE UNIQUE INDEX change_open ON change (principal) WHERE status IN ('planned', 'applying');",
            "CREATE TABLE change_document (
                change_id ",
            $integer,
            " NOT NULL REFERENCES change (change_id),
                position ",
            $integer,
            " NOT NULL,
                place TEXT NOT NULL,
                policy TEXT NOT NULL,
                before_text TEXT,
                after_text TEXT,
                PRIMARY KEY (change_id, position)",
            $end,
            "CREATE TABLE change_step (
                change_id ",
            $integer,
            " NOT NULL REFERENCES change (change_id),
                number ",
            $integer,
            " NOT NULL,
                what TEXT NOT NULL,
                at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (change_id, number)",
            $end,
            "CREATE TABLE denial (
                event_id TEXT PRIMARY KEY,
                principal TEXT NOT NULL,
                action TEXT NOT NULL,
                resource TEXT,
                at ",
            $integer,
            " NOT NULL,
                change_id ",
            $integer,
            " REFERENCES change (change_id),
                message TEXT NOT NULL",
            $end,
            "CREATE INDEX denial_by_principal ON denial (principal, at);",
            "CREATE TABLE auto_rollback (
                principal TEXT NOT NULL,
                day TEXT NOT NULL,
                change_id ",
            $integer,
            " NOT NULL REFERENCES change (change_id),
                at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (principal, day)",
            $end,
            "CREATE TABLE usage_file (
                name TEXT PRIMARY KEY,
                version TEXT NOT NULL,
                bytes ",
            $integer,
            " NOT NULL,
                records ",
            $integer,
            " NOT NULL,
                faults ",
            $integer,
            " NOT NULL,
                read_at ",
            $integer,
            " NOT NULL",
            $end,
            "CREATE TABLE usage (
                principal TEXT NOT NULL,
                action TEXT NOT NULL,
                resource TEXT NOT NULL,
                outcome TEXT NOT NULL,
                first_at ",
            $integer,
            " NOT NULL,
                last_at ",
            $integer,
            " NOT NULL,
                events ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (principal, action, resource, outcome)",
            $end,
            "CREATE TABLE lease (
                account TEXT PRIMARY KEY,
                holder TEXT NOT NULL,
                token ",
            $integer,
            " NOT NULL,
                expires_at ",
            $integer,
            " NOT NULL",
            $end,
        )
    };
}

/// How complete the logs are. What was read before is read again, since nothing was kept of that.
macro_rules! completeness {
    ($integer:literal, $counted:literal, $end:literal) => {
        concat!(
            "ALTER TABLE usage_file ADD COLUMN log TEXT NOT NULL DEFAULT '';
            ALTER TABLE usage_file ADD COLUMN hash TEXT NOT NULL DEFAULT '';
            UPDATE usage_file SET version = '';
            CREATE INDEX usage_file_by_log ON usage_file (log, hash);",
            "CREATE TABLE usage_name (
                principal TEXT NOT NULL,
                name TEXT NOT NULL,
                PRIMARY KEY (principal)",
            $end,
            "CREATE INDEX usage_name_by_name ON usage_name (name);",
            "CREATE TABLE usage_place (
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                last_at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (account, region)",
            $end,
            "CREATE TABLE usage_hours (
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                day ",
            $integer,
            " NOT NULL,
                hours ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (account, region, day)",
            $end,
            "CREATE TABLE usage_digest (
                object TEXT NOT NULL,
                account TEXT NOT NULL,
                region TEXT NOT NULL,
                start_at ",
            $integer,
            " NOT NULL,
                end_at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (object)",
            $end,
            "CREATE INDEX usage_digest_by_end ON usage_digest (account, end_at);",
            "CREATE TABLE usage_awaited (
                log TEXT NOT NULL,
                digest TEXT NOT NULL,
                account TEXT NOT NULL,
                hash TEXT NOT NULL,
                oldest_at ",
            $integer,
            ",
                newest_at ",
            $integer,
            ",
                end_at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (log, digest)",
            $end,
            "CREATE INDEX usage_awaited_by_digest ON usage_awaited (digest);
            CREATE INDEX usage_awaited_by_end ON usage_awaited (account, end_at);",
            "CREATE TABLE usage_damage (
                name TEXT NOT NULL,
                account TEXT NOT NULL,
                damage ",
            $integer,
            " NOT NULL,
                seen_at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (name)",
            $end,
            "CREATE TABLE usage_change (
                account TEXT NOT NULL,
                trail TEXT NOT NULL,
                kind TEXT NOT NULL,
                at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (account, trail, kind, at)",
            $end,
            "CREATE TABLE usage_trail (
                arn TEXT NOT NULL,
                answers TEXT NOT NULL,
                told_at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (arn)",
            $end,
        )
    };
}

/// Since when the same is told of a trail.
macro_rules! unchanged {
    ($integer:literal, $counted:literal, $end:literal) => {
        concat!("ALTER TABLE usage_trail ADD COLUMN since_at ", $integer, ";")
    };
}

/// Users and groups beside the roles, in the same table: what was there before are roles.
macro_rules! principals {
    ($integer:literal, $counted:literal, $end:literal) => {
        "ALTER TABLE role ADD COLUMN kind TEXT NOT NULL DEFAULT 'role';
            ALTER TABLE role ADD COLUMN footing TEXT;"
    };
}

/// What is known of who made a digest (nothing: NULL, 0 it waits, 1 CloudTrail, 2 it fails), what was signed of it until that is settled, and
/// signatures that others carry of it.
macro_rules! signatures {
    ($integer:literal, $counted:literal, $end:literal) => {
        concat!(
            "ALTER TABLE usage_digest ADD COLUMN checked ",
            $integer,
            ";
            ALTER TABLE usage_digest ADD COLUMN seal TEXT;
            ALTER TABLE usage_digest ADD COLUMN fault TEXT;
            CREATE INDEX usage_digest_unsettled ON usage_digest (object) WHERE checked <> 1;
            CREATE TABLE usage_signature (
                digest TEXT NOT NULL,
                signature TEXT NOT NULL,
                end_at ",
            $integer,
            " NOT NULL,
                PRIMARY KEY (digest, signature)",
            $end,
        )
    };
}

/// From an empty database to today's.
pub(super) const MIGRATIONS: Migrations = Migrations {
    component: "repokid",
    steps: &[both!(first), both!(completeness), both!(unchanged), both!(signatures), both!(principals)],
};
