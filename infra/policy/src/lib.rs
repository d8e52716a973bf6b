//! The IAM policy language: parse, print, evaluate, explain; and the table of actions, resources and conditions.

pub mod data;
pub mod document;
pub mod evaluate;
pub mod pattern;
