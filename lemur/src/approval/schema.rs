//! The table of proposals. One at a time is being done, on all servers: the state that it was proposed on cannot change on the way.

use menagerie_store::database::{Migration, Migrations};

/// The schema of the component `lemur-approval`.
pub const MIGRATIONS: Migrations = Migrations {
    component: "lemur-approval",
    steps: &[Migration {
        sqlite: "CREATE TABLE approval_proposal (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            act TEXT NOT NULL,
            about TEXT NOT NULL,
            proposer INTEGER NOT NULL,
            proposer_name TEXT NOT NULL,
            api_key INTEGER,
            basis TEXT NOT NULL,
            created_ms INTEGER NOT NULL,
            expires_ms INTEGER NOT NULL,
            state TEXT NOT NULL,
            decided_by TEXT,
            decided_ms INTEGER,
            reason TEXT NOT NULL
        ) STRICT;
        CREATE INDEX approval_proposal_waiting ON approval_proposal (state, expires_ms);
        CREATE UNIQUE INDEX approval_proposal_one_at_a_time ON approval_proposal (state) WHERE state = 'approved'",
        postgres: "CREATE TABLE approval_proposal (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            act TEXT NOT NULL,
            about TEXT NOT NULL,
            proposer BIGINT NOT NULL,
            proposer_name TEXT NOT NULL,
            api_key BIGINT,
            basis TEXT NOT NULL,
            created_ms BIGINT NOT NULL,
            expires_ms BIGINT NOT NULL,
            state TEXT NOT NULL,
            decided_by TEXT,
            decided_ms BIGINT,
            reason TEXT NOT NULL
        );
        CREATE INDEX approval_proposal_waiting ON approval_proposal (state, expires_ms);
        CREATE UNIQUE INDEX approval_proposal_one_at_a_time ON approval_proposal (state) WHERE state = 'approved'",
    }],
};
