//! Rounds from cache to schedule to change to rollback against moto, and the usage store's places, each on SQLite and on PostgreSQL.

#[path = "../state/place.rs"]
mod place;

mod code;
mod complete;
mod cycle;
mod function;
mod members;
mod peers;
mod permission_sets;
mod principals;
mod signatures;
mod sources;
mod store;
mod world;

/// Each of the functions as a test on SQLite and as one on PostgreSQL.
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                super::$name(&crate::place::Place::sqlite());
            })+
        }

        mod postgres {
            $(#[test]
            fn $name() {
                super::$name(&crate::place::Place::postgres());
            })+
        }
    };
}
pub(crate) use both;
