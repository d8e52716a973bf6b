//! Personal data: cards, bank accounts, national identifiers, addresses of e-mail, telephone numbers; by jurisdiction.
//!
//! A [`Finder`] searches bytes and gives each [`Find`] with its range, its detector, whether its check passes, and a confidence with the
//! reason. [`classify`] says which detectors accept one value, and a [`Column`] gathers that over the cells of a table's column until the
//! share of accepted values is far above what chance gives. Nothing here shows a value: [`masked`] does, with its middle hidden.

mod card;
mod checksum;
mod column;
mod confidence;
mod context;
mod detector;
mod email;
mod find;
mod iban;
mod layout;
mod mask;
mod mrz;
mod national;
mod scope;
mod telephone;

pub use card::{Brand, brand};
pub use column::{Column, Meaning, Verdict, named};
pub use detector::{Detector, Kind, detector, detectors};
pub use find::{Evidence, Find, Finder, Judged, Value, classify, judge};
pub use iban::is_bic;
pub use mask::masked;
pub use scope::{Scope, UnknownRegion};
