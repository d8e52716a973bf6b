//! Moving over from Netflix's Repokid with configuration, data and habits.
//!
//! [`config`] reads its `config.json` unchanged, [`filters`] decide as its filters do which roles may be changed, [`eligibility`] says when a
//! role's turn has come, [`advisor`] reads Aardvark's answers and AWS's, and [`dynamo`] brings the contents of its table into the state.
//! What Repokid has in Python (filters and hooks of one's own) cannot run here: it is named in a warning, and such a filter keeps every role
//! from being changed.
//!
//! Where its rules come from: Repokid's manual and what it writes; where a rule of its cost outages it is not kept, and the module says so.

pub mod advisor;
pub mod config;
pub mod dynamo;
pub mod eligibility;
pub mod filters;
mod moment;
pub mod norepo;

#[cfg(test)]
mod hostile;
