//! The analysis as one JSON object, `repokid.analysis/1`, written principal by principal.

use std::io::{self, Write};

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::{Head, Tail};
use crate::account::Principal;
use crate::analysis::{Analysis, Outcome, Place, PolicyAnalysis};
use crate::verdict::{Evidence, JudgedStatement, Universe, Verdict, Window};

/// Writes the object.
#[derive(Debug)]
pub struct Json<'a, W> {
    out: W,
    universe: &'a Universe,
    window: Window,
    any: bool,
}

#[derive(Serialize)]
struct JsonPrincipal<'a> {
    arn: &'a str,
    kind: &'a str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proof: Option<&'a crate::proof::Proof>,
    counts: JsonCounts,
    policies: Vec<JsonPolicy<'a>>,
    grants: Grants<'a>,
}

#[derive(Serialize)]
struct JsonCounts {
    granted: usize,
    used: usize,
    unused: usize,
    unobservable: usize,
    unknown: usize,
}

#[derive(Serialize)]
struct JsonPolicy<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    arn: Option<&'a str>,
    /// `inline`, `managed` (a new version), `copied` (a copy takes its place).
    kind: &'static str,
    change: &'static str,
    removed: Vec<String>,
    /// The managed policies that would be made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    makes: Vec<String>,
}

/// The permissions, written without being gathered first: a role with `*` has twenty thousand.
struct Grants<'a> {
    analysis: &'a Analysis<'a>,
    universe: &'a Universe,
    window: &'a Window,
}

#[derive(Serialize)]
struct Grant<'a> {
    action: &'a str,
    resource: &'a str,
    verdict: Verdict,
    evidence: &'a str,
    policy: &'a str,
    statement: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<&'a str>,
}

impl<'a, W: Write> Json<'a, W> {
    /// Begins the object.
    ///
    /// # Errors
    /// What the system said.
    pub fn begin(mut out: W, universe: &'a Universe, head: &Head, version: &str) -> io::Result<Self> {
        let data: serde_json::Map<_, _> = head.data.iter().map(|(name, version)| (name.clone(), version.clone().into())).collect();
        write!(out, "{{\"schema\":\"repokid.analysis/1\",\"tool_version\":{}", serde_json::to_string(version)?)?;
        write!(out, ",\"data\":{}", serde_json::to_string(&data)?)?;
        write!(out, ",\"made\":\"{}\",\"window\":{{\"from\":\"{}\",\"to\":\"{}\"}}", head.made, head.window.from, head.window.to)?;
        write!(out, ",\"notes\":{},\"principals\":[", serde_json::to_string(&head.notes)?)?;
        Ok(Self { out, universe, window: head.window, any: false })
    }

    /// Adds a principal.
    ///
    /// # Errors
    /// What the system said.
    pub fn principal(&mut self, analysis: &Analysis<'_>) -> io::Result<()> {
        let counts = analysis.counts();
        let (outcome, reason, proof) = match &analysis.outcome {
            Outcome::Same => ("same", None, None),
            Outcome::Narrowed(proof) => ("narrowed", None, Some(proof)),
            Outcome::Refused(reason) => ("refused", Some(reason.to_string()), None),
            Outcome::Left(left) => ("left", Some(left.to_string()), None),
        };
        let principal = JsonPrincipal {
            arn: analysis.principal.arn.as_str(),
            kind: analysis.principal.kind.as_str(),
            outcome,
            reason,
            proof,
            counts: JsonCounts {
                granted: counts.total(),
                used: counts.used,
                unused: counts.unused,
                unobservable: counts.unobservable,
                unknown: counts.unknown,
            },
            policies: analysis.policies.iter().map(|policy| self.policy(policy, analysis.principal)).collect(),
            grants: Grants { analysis, universe: self.universe, window: &self.window },
        };
        self.out.write_all(if self.any { b",\n" } else { b"\n" })?;
        self.any = true;
        serde_json::to_writer(&mut self.out, &principal)?;
        Ok(())
    }

    fn policy<'p>(&self, policy: &'p PolicyAnalysis<'_>, principal: &Principal) -> JsonPolicy<'p> {
        let change = match (policy.changes(), policy.after.len()) {
            (false, _) => "none",
            (true, 0) => "removed",
            (true, _) if policy.moved => "moved",
            (true, 1) => "narrowed",
            (true, _) => "spread",
        };
        let removed = policy.narrowed.iter().flat_map(|narrowed| narrowed.removed.iter().flatten());
        let mut removed: Vec<_> = removed.map(|id| self.universe.text(*id)).collect();
        removed.sort_unstable();
        removed.dedup();
        let kind = match policy.place {
            Place::Inline(_) => "inline",
            Place::Own(_) => "managed",
            Place::Shared(_) => "copied",
        };
        let makes = policy.made(principal).into_iter().map(|(arn, _)| arn).collect();
        JsonPolicy { name: policy.place.name(), arn: policy.place.arn(), kind, change, removed, makes }
    }

    /// Ends the object.
    ///
    /// # Errors
    /// What the system said.
    pub fn end(mut self, tail: &Tail<'_>) -> io::Result<()> {
        #[derive(Serialize)]
        struct JsonError<'a> {
            source: &'a str,
            reason: &'a str,
        }
        let errors: Vec<_> = tail.problems.iter().map(|problem| JsonError { source: &problem.source, reason: &problem.reason }).collect();
        writeln!(self.out, "\n],\"ranking\":{}", serde_json::to_string(tail.ranking)?)?;
        writeln!(self.out, ",\"owners\":{}", serde_json::to_string(tail.owners)?)?;
        writeln!(self.out, ",\"permission_sets\":{}", serde_json::to_string(tail.proposals)?)?;
        writeln!(self.out, ",\"errors\":{}}}", serde_json::to_string(&errors)?)?;
        self.out.flush()
    }
}

impl Serialize for Grants<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut seq = serializer.serialize_seq(None)?;
        for policy in &self.analysis.policies {
            let Some(judged) = &policy.judged else { continue };
            for (number, statement) in judged.statements.iter().enumerate() {
                self.statement(&mut seq, policy, number, statement)?;
            }
        }
        seq.end()
    }
}

impl Grants<'_> {
    fn statement<S: SerializeSeq>(
        &self,
        seq: &mut S,
        policy: &PolicyAnalysis<'_>,
        number: usize,
        statement: &JudgedStatement,
    ) -> Result<(), S::Error> {
        let name = policy.place.name();
        let mut said: Option<(&Evidence, String)> = None;
        for action in &statement.actions {
            let text = self.universe.text(action.id);
            let blocked_by = self.analysis.blocked.of(action.id);
            for (at, resource) in statement.resources.iter().enumerate() {
                let (verdict, evidence) = action.verdicts.of(at);
                // Neighbours mostly have the same evidence.
                if said.as_ref().is_none_or(|(last, _)| *last != evidence) {
                    said = Some((evidence, evidence.text(self.universe, self.window)));
                }
                let evidence = said.as_ref().map_or("", |(_, text)| text.as_str());
                seq.serialize_element(&Grant { action: &text, resource, verdict, evidence, policy: name, statement: number, blocked_by })?;
            }
        }
        let patterns = policy.policy().map(|policy| policy.statements()[number].actions().patterns());
        let strange = statement.strange.iter().map(|at| (*at, &Evidence::NotInData));
        let open = statement.open.iter().map(|(at, evidence)| (*at, evidence));
        for (at, evidence) in strange.chain(open) {
            let Some(pattern) = patterns.and_then(|patterns| patterns.get(at)) else { continue };
            let evidence = evidence.text(self.universe, self.window);
            for resource in &statement.resources {
                seq.serialize_element(&Grant {
                    action: pattern.text(),
                    resource,
                    verdict: Verdict::Unknown,
                    evidence: &evidence,
                    policy: name,
                    statement: number,
                    blocked_by: None,
                })?;
            }
        }
        Ok(())
    }
}
