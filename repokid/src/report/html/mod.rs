//! The analysis as one HTML file that needs nothing else and reads well without its script.
//!
//! A principal's section is made as soon as it is analysed, and holds no list of what was not used: a role with `*` has twenty thousand
//! permissions. Services that many hold alike are shown once, at the end. What comes from outside is escaped, and passes [`shown`] so that it cannot turn the reading direction either.

mod diff;
mod principal;
mod service;
mod summary;

use std::io::{self, Write};

use menagerie_report::Frame;

use super::{Head, Tail};
use crate::analysis::Analysis;
use crate::iac::Owner;
use crate::verdict::Universe;
use service::Shared;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// Gathers the sections, and writes the page.
#[derive(Debug)]
pub struct Html<'a> {
    universe: &'a Universe,
    head: &'a Head,
    sections: Vec<String>,
    shared: Shared,
}

impl<'a> Html<'a> {
    /// With the names of the actions, and what holds for the whole.
    #[must_use]
    pub fn new(universe: &'a Universe, head: &'a Head) -> Self {
        Self { universe, head, sections: Vec::new(), shared: Shared::default() }
    }

    /// Adds a principal, and what in code owns it.
    pub fn principal(&mut self, analysis: &Analysis<'_>, owner: Option<&Owner>) {
        let number = self.sections.len() + 1;
        let section = principal::section(analysis, owner, self.universe, &self.head.window, number, &mut self.shared);
        self.sections.push(section.into_string());
    }

    /// Writes the page.
    ///
    /// # Errors
    /// What the system said.
    pub fn end(self, out: &mut impl Write, tail: &Tail<'_>, version: &str) -> io::Result<()> {
        let frame = Frame { title: "repokid: what is used, and what can go", style: STYLE, script: SCRIPT };
        out.write_all(frame.open().as_bytes())?;
        out.write_all(summary::header(self.head, tail).into_string().as_bytes())?;
        out.write_all(b"<main>")?;
        out.write_all(summary::overview(self.head, tail).into_string().as_bytes())?;
        out.write_all(summary::toolbar().into_string().as_bytes())?;
        out.write_all(b"<div id=\"principals\">")?;
        for section in &self.sections {
            out.write_all(section.as_bytes())?;
            out.write_all(b"\n")?;
        }
        out.write_all(b"</div>")?;
        out.write_all(self.shared.section().into_string().as_bytes())?;
        out.write_all(summary::end(self.head, version).into_string().as_bytes())?;
        out.write_all(frame.close().as_bytes())?;
        out.flush()
    }
}
