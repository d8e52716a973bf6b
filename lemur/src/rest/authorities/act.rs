//! A change to an authority from its request to its end: planned, which is to say permitted, read and checked without effect; then done at once, or
//! stored for a second person where the configuration wants one ([`crate::approval`]).
//!
//! What is stored is the request, and a digest of the state that its plan was made on: the authorities concerned and the roles that it names. At the
//! approval it is planned anew, once for who proposed it and once for who approves, so that both may and nothing is other than it was.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::approvals::ApprovalOut;
use super::super::fault::Fault;
use super::super::shape::Fields;
use super::super::signed::Signed;
use super::super::to_the_end::to_the_end;
use super::super::{Api, SettledDays};
use super::{create, cross, facts, import, refusal, update};
use crate::access::Role;
use crate::access::permit::Action;
use crate::approval::{ApprovalError, Proposal, Proposals, Proposed};
use crate::audit::{Actor, Via};
use crate::authority::{AuthorityOrder, sha256};
use crate::store::authorities::{Authority, AuthorityChange};
use crate::store::{AuthorityId, RoleId};
use crate::upstream::UpstreamAuthority;

/// A change to an authority, as it was asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(in crate::rest) enum Act {
    /// Make one.
    Create {
        /// The request's body.
        body: Value,
    },
    /// Change one.
    Update {
        /// Which.
        authority: i64,
        /// The request's body.
        body: Value,
    },
    /// Bring in the certificate that it waits for.
    Import {
        /// Which.
        authority: i64,
        /// The request's body.
        body: Value,
    },
    /// Give it another certificate for its name and key.
    CrossSign {
        /// Which.
        authority: i64,
        /// The request's body.
        body: Value,
    },
}

/// What a request comes to: permitted, and ready to be done.
pub(super) struct Plan {
    /// What it is about, for people.
    pub(super) about: String,
    /// The authorities that it was planned on.
    pub(super) on: Vec<Authority>,
    /// The roles that it names.
    pub(super) roles: Vec<Role>,
    /// What to do.
    pub(super) deed: Deed,
}

/// What is to be done.
pub(super) enum Deed {
    Create(Box<AuthorityOrder>),
    CreateElsewhere(Box<UpstreamAuthority>),
    Update(AuthorityId, Box<AuthorityChange>),
    Import(AuthorityId, Vec<Vec<u8>>),
    Cross(AuthorityId, cross::Crossing),
}

impl Plan {
    /// Whether it would leave everything as it is.
    fn is_nothing(&self) -> bool {
        matches!(&self.deed, Deed::Update(_, change) if **change == AuthorityChange::default())
    }

    /// A digest of the state that it was made on. What the server changes by itself, such as a responder's certificate, is not in it.
    fn basis(&self) -> String {
        let authority = |authority: &Authority| {
            json!({
                "id": authority.id, "name": authority.name, "kind": authority.kind, "state": authority.state, "owner": authority.owner,
                "description": authority.description, "parent": authority.parent, "certificate": authority.certificate,
                "spki": hex::encode(&authority.spki), "key_reference": authority.key_reference, "profiles": authority.profiles,
                "options": authority.options, "roles": authority.roles, "role_names": authority.role_names,
            })
        };
        let on: Vec<_> = self.on.iter().map(authority).collect();
        let roles: Vec<_> = self.roles.iter().map(|role| json!({"id": role.id, "name": role.name})).collect();
        hex::encode(sha256(json!({"on": on, "roles": roles}).to_string().as_bytes()))
    }
}

impl Api {
    /// Does a change, or stores it for a second person.
    pub(in crate::rest) async fn ask(&self, signed: &Signed, act: Act) -> Result<Response, Fault> {
        let Some(SettledDays(days)) = self.settings.approve_authorities else {
            let plan = self.plan(signed, &act).await?;
            return Ok(Json(self.perform_to_the_end(signed, plan).await?).into_response());
        };
        if signed.local && signed.break_glass.is_none() {
            return Err(Fault::Conflict(NOT_HERE.to_owned()));
        }
        let plan = self.plan(signed, &act).await?;
        if plan.is_nothing() {
            return Ok(Json(self.perform(signed, plan).await?).into_response());
        }
        let proposals = self.proposals().await?;
        let text = serde_json::to_string(&act).map_err(|error| Fault::Internal(error.to_string()))?;
        // A body as deep as can be read could not be read again with what is put round it, and not be shown to who approves.
        if serde_json::from_str::<Act>(&text).is_err() {
            return Err(Fault::Bad("The body is nested too deeply.".to_owned()));
        }
        if let Some(reason) = &signed.break_glass {
            tracing::warn!(who = signed.actor.name, about = plan.about, reason = &**reason, "a change is made without a second person");
            proposals.bypass(&text, &plan.about, reason, &signed.actor).await?;
            return Ok(Json(self.perform_to_the_end(signed, plan).await?).into_response());
        }
        let proposer = signed.user()?;
        signed.may(&Action::Propose { settled: self.is_settled(signed, self.engine.now(), days).await? })?;
        let proposed = Proposed {
            act: text,
            basis: plan.basis(),
            about: plan.about,
            proposer,
            proposer_name: signed.requester.called().to_owned(),
            api_key: signed.requester.api_key(),
        };
        let proposal = proposals.propose(proposed, &signed.actor).await?;
        let body = json!({"message": "The change waits for another person's approval.", "approval": ApprovalOut::from(proposal)});
        Ok((StatusCode::ACCEPTED, Json(body)).into_response())
    }

    /// Approves a proposal: what was proposed is done, if both may, and all is as it was.
    pub(in crate::rest) async fn approve(&self, signed: &Signed, proposal: Proposal) -> Result<Proposal, Fault> {
        // What waits since before approval was turned off is approved all the same, by whoever was there before it.
        let SettledDays(days) = self.settings.approve_authorities.unwrap_or(SettledDays(0));
        let settled = self.is_settled(signed, proposal.created, days).await?;
        signed.may(&Action::Approve { proposer: proposal.proposed.proposer, settled })?;
        if proposal.state != crate::approval::State::Waiting {
            return Err(ApprovalError::Decided(proposal.state).into());
        }
        let act: Act = serde_json::from_str(&proposal.proposed.act).map_err(|error| Fault::Internal(error.to_string()))?;
        let proposer = self.proposer(signed, &proposal.proposed).await?;
        let not_any_more = |fault: Fault| match fault {
            Fault::Internal(reason) => Fault::Internal(reason),
            other => Fault::Conflict(format!("What was proposed cannot be done any more: {}", other.line())),
        };
        // First for who approves: whoever may not do it learns nothing of it.
        match self.plan(signed, &act).await {
            Err(Fault::Refused(refused)) => return Err(refused.into()),
            planned => planned.map_err(not_any_more)?,
        };
        let plan = self.plan(&proposer, &act).await.map_err(not_any_more)?;
        let proposals = self.proposals().await?.clone();
        if plan.basis() != proposal.proposed.basis {
            proposals.give_up(proposal.id, CHANGED, &signed.actor).await?;
            return Err(changed());
        }
        let (api, actor) = (self.clone(), signed.actor.clone());
        to_the_end(async move {
            let proposal = proposals.claim(proposal.id, &actor).await?;
            let claim = Claim { proposals: Some(proposals), id: proposal.id, actor };
            // From here on no other approved change is made, so that this look is the last one that is needed.
            let done = match api.plan(&proposer, &act).await.map_err(not_any_more) {
                Ok(plan) if plan.basis() == proposal.proposed.basis => api.perform(&proposer, plan).await,
                Ok(_) => Err(changed()),
                Err(fault) => Err(fault),
            };
            let noted = done.as_ref().map(drop).map_err(Fault::line);
            let finished = claim.finish(noted).await?;
            done.map(|_| finished)
        })
        .await
    }

    /// Whether nobody else made or changed the account of whoever asks for so many days before a moment, nor after it.
    async fn is_settled(&self, signed: &Signed, moment: Timestamp, days: u16) -> Result<bool, Fault> {
        let Some(user) = signed.requester.user() else { return Ok(false) };
        let since = moment.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        Ok(self.access.changed_by_another(user).await? < since)
    }

    /// Who proposed something, as they are now.
    async fn proposer(&self, approver: &Signed, proposed: &Proposed) -> Result<Signed, Fault> {
        let requester = match self.access.requester_now(proposed.proposer, proposed.api_key).await {
            Ok(requester) => requester,
            Err(crate::access::TokenError::Access(error)) => return Err(error.into()),
            Err(_) => return Err(Fault::Conflict("Who proposed this may not come in any more.".to_owned())),
        };
        // The request's ID leads to who approved it.
        let actor = Actor {
            name: proposed.proposer_name.clone(),
            user: requester.user(),
            via: Via::Rest,
            address: None,
            request: approver.actor.request.clone(),
        };
        Ok(Signed { requester, actor, local: false, break_glass: None })
    }

    async fn plan(&self, signed: &Signed, act: &Act) -> Result<Plan, Fault> {
        match act {
            Act::Create { body } => create::plan(self, signed, body).await,
            Act::Update { authority, body } => update::plan(self, signed, *authority, body).await,
            Act::Import { authority, body } => import::plan(self, signed, *authority, body).await,
            Act::CrossSign { authority, body } => cross::plan(self, signed, *authority, body).await,
        }
    }

    async fn perform_to_the_end(&self, signed: &Signed, plan: Plan) -> Result<Value, Fault> {
        let (api, signed) = (self.clone(), signed.clone());
        to_the_end(async move { api.perform(&signed, plan).await }).await
    }

    async fn perform(&self, signed: &Signed, plan: Plan) -> Result<Value, Fault> {
        let id = match plan.deed {
            Deed::Create(order) => create::perform(self, signed, *order).await?,
            Deed::CreateElsewhere(new) => create::perform_elsewhere(self, signed, *new).await?,
            Deed::Update(id, change) => {
                if *change != AuthorityChange::default() {
                    self.engine.change_authority(id, &change, &signed.actor).await.map_err(refusal)?;
                }
                id
            }
            Deed::Import(id, chain) => {
                import::perform(self, signed, id, &chain).await?;
                id
            }
            Deed::Cross(id, crossing) => return cross::perform(self, signed, id, crossing).await,
        };
        let described = self.whole_authority(id.0).await?;
        serde_json::to_value(described).map_err(|error| Fault::Internal(error.to_string()))
    }

    /// The roles that a field names, whole.
    pub(super) async fn named_roles(&self, fields: &Fields, name: &str) -> Result<Option<Vec<Role>>, Fault> {
        let Some(ids) = self.role_ids(fields, name).await? else { return Ok(None) };
        let mut roles = Vec::with_capacity(ids.len());
        for id in ids {
            roles.push(self.access.role(id).await?);
        }
        Ok(Some(roles))
    }

    /// An authority that the requester may change.
    pub(super) async fn changeable(&self, signed: &Signed, id: i64) -> Result<Authority, Fault> {
        let authority = self.authority(id).await?;
        signed.may(&Action::UpdateAuthority(facts(&authority)))?;
        Ok(authority)
    }
}

/// Why nothing waits that is asked for on the server's own machine.
const NOT_HERE: &str = "Changes to authorities wait for another person here, and nobody is one on the server's own machine, where anybody could \
    be: sign in and ask by --server, or say --break-glass REASON.";

/// Why what was proposed cannot be done any more.
const CHANGED: &str = "The authority or a role was changed after this was proposed: propose it anew.";

/// What was proposed is not on the state that there is.
fn changed() -> Fault {
    Fault::Conflict(CHANGED.to_owned())
}

/// A proposal that was claimed and is being done. One that is dropped before it is finished, by a panic, keeps nobody else waiting.
struct Claim {
    /// Those it is of, until it is finished.
    proposals: Option<Proposals>,
    id: i64,
    actor: Actor,
}

impl Claim {
    async fn finish(mut self, done: Result<(), String>) -> Result<Proposal, ApprovalError> {
        let Some(proposals) = self.proposals.clone() else { return Err(ApprovalError::Missing) };
        let finished = proposals.finish(self.id, done, &self.actor).await?;
        self.proposals = None;
        Ok(finished)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let (Some(proposals), Ok(runtime)) = (self.proposals.take(), tokio::runtime::Handle::try_current()) else { return };
        let (id, actor) = (self.id, self.actor.clone());
        runtime.spawn(async move {
            let reason = "it broke off: look whether the change is there".to_owned();
            if let Err(error) = proposals.finish(id, Err(reason), &actor).await {
                tracing::error!(proposal = id, %error, "that a proposal broke off cannot be noted");
            }
        });
    }
}

/// Roles' numbers.
pub(super) fn ids(roles: &[Role]) -> Vec<RoleId> {
    roles.iter().map(|role| role.id).collect()
}
