//! Where rows of Access Advisor come from: Aardvark ([`Aardvark`]), IAM itself (`live`), or a saved file ([`crate::compat::advisor::saved`]).

mod aardvark;
#[cfg(feature = "aws")]
mod live;

pub use aardvark::{Aardvark, AardvarkError};
#[cfg(feature = "aws")]
pub use live::live;
