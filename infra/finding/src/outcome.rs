//! What became of a thing that was to be looked at.

use serde::{Deserialize, Serialize};

use crate::Asset;

/// What became of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// All of it was looked at.
    Done {
        /// The asset.
        asset: Asset,
    },
    /// It was left out on purpose.
    Skipped {
        /// The asset.
        asset: Asset,
        /// Why.
        reason: String,
    },
    /// It could not be looked at, or not in full.
    Failed {
        /// The asset.
        asset: Asset,
        /// Why.
        reason: String,
    },
}
