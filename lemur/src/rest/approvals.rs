//! `/approvals`: changes to authorities that wait for a second person.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fault::Fault;
use super::id::Id;
use super::query::Asked;
use super::route::Route;
use super::shape::{Kind, Shape, optional};
use super::signed::Signed;
use super::{Api, List};
use crate::access::ApiKeyId;
use crate::access::permit::Action;
use crate::approval::{ApprovalError, Proposal, Proposals};

const DECISION: Shape = Shape { name: "Decision", fields: &[optional("reason", Kind::Text(1_000), "What is said about it")] };

/// A proposal of a change.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Approval)]
pub(super) struct ApprovalOut {
    id: i64,
    /// `waiting`, `expired`, `rejected`, `approved` while it is being done, `done`, `failed`.
    state: &'static str,
    /// What it is about.
    about: String,
    /// The request as it was made: `act`, the authority's number, and the body.
    #[schema(value_type = Object)]
    proposed: Value,
    proposed_by: String,
    /// The API key that it was proposed with, if it was.
    key_id: Option<i64>,
    proposed_at: String,
    /// Until when it can be approved.
    expires_at: String,
    decided_by: Option<String>,
    decided_at: Option<String>,
    /// What was said about the decision, or why it could not be done.
    reason: String,
}

impl From<Proposal> for ApprovalOut {
    fn from(proposal: Proposal) -> Self {
        Self {
            id: proposal.id,
            state: proposal.state.as_str(),
            about: proposal.proposed.about,
            proposed: serde_json::from_str(&proposal.proposed.act).unwrap_or_default(),
            proposed_by: proposal.proposed.proposer_name,
            key_id: proposal.proposed.api_key.map(|ApiKeyId(id)| id),
            proposed_at: proposal.created.to_string(),
            expires_at: proposal.expires.to_string(),
            decided_by: proposal.decided_by,
            decided_at: proposal.decided.map(|at| at.to_string()),
            reason: proposal.reason,
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/approvals", list, "Changes that wait for a second person, the newest first")
            .query(&[("page", "The page, from 1"), ("count", "How many items a page has"), ("all", "1: also those that wait no more")])
            .lists::<ApprovalOut>(),
        Route::get("/approvals/{id}", read, "A change that waits for a second person").gives::<ApprovalOut>(),
        Route::post("/approvals/{id}/approve", approve, "Do what another person proposed").gives::<ApprovalOut>(),
        Route::post("/approvals/{id}/reject", reject, "Refuse what was proposed, or take it back").takes(&DECISION).gives::<ApprovalOut>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<ApprovalOut>>, Fault> {
    signed.may(&Action::SeeProposals)?;
    let all = asked.flag("all")?.unwrap_or(false);
    let (items, total) = api.proposals().await?.list(all, asked.skip(), asked.count).await?;
    Ok(List::of(items, total))
}

async fn read(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<ApprovalOut>, Fault> {
    signed.may(&Action::SeeProposals)?;
    Ok(Json(api.proposals().await?.get(id).await?.into()))
}

/// What is approved is done to its end, whatever becomes of the request.
async fn approve(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<ApprovalOut>, Fault> {
    let proposal = api.proposals().await?.get(id).await?;
    Ok(Json(api.approve(&signed, proposal).await?.into()))
}

async fn reject(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<ApprovalOut>, Fault> {
    let proposals = api.proposals().await?;
    let proposal = proposals.get(id).await?;
    signed.may(&Action::Reject(proposal.proposed.proposer))?;
    let fields = DECISION.read(&body)?;
    Ok(Json(proposals.reject(id, fields.filled("reason").unwrap_or_default(), &signed.actor).await?.into()))
}

impl Api {
    pub(super) async fn proposals(&self) -> Result<&Proposals, Fault> {
        Ok(self.proposals.get_or_try_init(|| Proposals::open(self.engine.clone())).await?)
    }
}

impl From<ApprovalError> for Fault {
    fn from(error: ApprovalError) -> Self {
        match error {
            ApprovalError::Missing => Self::Missing("proposal"),
            ApprovalError::Decided(_) | ApprovalError::TooMany | ApprovalError::TooManyOfOne | ApprovalError::Busy => {
                Self::Conflict(format!("{error}."))
            }
            ApprovalError::Store(error) => error.into(),
        }
    }
}
