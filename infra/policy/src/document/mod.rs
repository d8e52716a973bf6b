//! Policy documents: read, edited and printed to the letter. A [`Policy`] keeps the text that it was read from, and an edit
//! changes the bytes of what it is about and no others: what nobody asked to change is printed as it was written, with
//! elements, operators and actions that this library does not know.
//!
//! Rules: IAM User Guide, "Grammar of the IAM JSON policy language" and "IAM JSON policy elements reference". Element names are
//! taken in any case; an object that names an element twice is refused, as IAM refuses it.

mod canonical;
mod condition;
mod edit;
mod error;
mod json;
pub mod limits;
mod policy;
mod principal;
mod read;
mod splice;
mod statement;
#[cfg(test)]
mod tests;

pub use canonical::size;
pub use condition::{Base, Condition, Operator, Quantifier};
pub use edit::{Edit, EditError};
pub use error::{ParseError, Position, Reason};
pub use policy::{Element, Policy, Version};
pub use principal::{PrincipalPattern, Principals};
pub use statement::{Actions, Effect, Resources, Statement};
