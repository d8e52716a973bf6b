//! The commands that change IAM, end to end: the program itself, against moto's IAM and STS.

mod find;
mod kills;
mod principals;
mod repo;
mod rollback;
mod watch;
mod world;
