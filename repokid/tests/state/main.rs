//! The contract of the state, on SQLite and on PostgreSQL: one suite of tests, each run on both.

mod changes;
mod delivery;
mod kill;
mod leases;
mod place;
mod principals;
mod roles;
mod signatures;
mod usage;

use jiff::{SignedDuration, Timestamp};
use menagerie_aws::{AccountId, Arn};
use repokid::state::{Role, RoleId};

/// Each of the functions as a test on SQLite and as one on PostgreSQL.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&crate::place::Place::sqlite()).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&crate::place::Place::postgres()).await;
            })+
        }
    };
}
pub(crate) use contract;

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn now() -> Timestamp {
    time("2026-01-15T12:00:00.123456Z")
}

fn hours(count: i64) -> SignedDuration {
    SignedDuration::from_hours(count)
}

fn account() -> AccountId {
    "111122223333".parse().expect("an account")
}

fn arn(resource: &str) -> Arn {
    format!("arn:aws:iam::111122223333:{resource}").parse().expect("an ARN")
}

fn id(text: &str) -> RoleId {
    text.parse().expect("an ID")
}

/// A role of the account, of which nothing but the names is known.
fn role(name: &str) -> Role {
    Role::new(id(&format!("AROA{}", name.to_uppercase())), account(), arn(&format!("role/{name}")), name.to_owned())
}
