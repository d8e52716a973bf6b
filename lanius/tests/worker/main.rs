//! Objects in S3 and the worker, against moto's S3 and SQS and the Runtime API of Lambda.

mod function;
mod inventory;
mod queue;
mod resume;
mod scan;
mod world;
