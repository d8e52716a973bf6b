//! Changing what is kept with an authority: who answers for it, who may use it and for which names, whether it issues.

use serde_json::Value;

use super::super::Api;
use super::super::fault::Fault;
use super::super::shape::{Fields, Kind, Shape, optional, required};
use super::super::signed::Signed;
use super::act::{Deed, Plan, ids};
use super::{create, vouching};
use crate::name::NamePattern;
use crate::store::authorities::AuthorityChange;
use crate::store::role_names::RoleNames;

const ROLE_NAMES: Shape = Shape {
    name: "RoleNames",
    fields: &[
        required("role", Kind::Association, "One of the authority's roles"),
        required(
            "names",
            Kind::Any,
            "What its members may have certified: www.team.example, *.team.example for all below, .team.example with itself, * for every DNS name, 10.1.0.0/16, \
             @team.example, spiffe://team.example/*; none means any",
        ),
    ],
};

pub(super) const CHANGE: Shape = Shape {
    name: "AuthorityChange",
    fields: &[
        optional("owner", Kind::Email, "Who answers for it"),
        optional("description", Kind::Text(4_096), "What people say about it"),
        optional("active", Kind::Flag, "Whether it issues"),
        optional("roles", Kind::Associations, "All roles that may use it from now on"),
        optional(
            "roleNames",
            Kind::Objects(&ROLE_NAMES, 256),
            "Which names the members of these roles may have certified; other roles' stay",
        ),
        optional("profiles", Kind::Any, "The names of the profiles that it issues by; none means all"),
        optional("options", Kind::Any, "What Lemur's clients keep with it"),
    ],
};

pub(super) async fn plan(api: &Api, signed: &Signed, id: i64, body: &Value) -> Result<Plan, Fault> {
    let authority = api.changeable(signed, id).await?;
    let fields = CHANGE.read_value(body)?;
    let options = fields.any("options").filter(|options| options.is_object()).map(Value::to_string);
    if options.as_ref().is_some_and(|options| options.len() > 64 * 1024) {
        return Err(Fault::field("options", "Longer than 64 KiB."));
    }
    let profiles = create::profiles(&fields)?;
    let wider = |asked: &[String]| asked.is_empty() || asked.iter().any(|name| !authority.profiles.contains(name));
    if !authority.profiles.is_empty() && profiles.as_deref().is_some_and(wider) {
        // What it was held to is not its own to lift.
        let above = match authority.parent {
            Some(parent) => api.engine.authority(parent).await?,
            None => None,
        };
        signed.may(&vouching(above.as_ref()))?;
    }
    let roles = api.named_roles(&fields, "roles").await?;
    let mut named = roles.clone().unwrap_or_default();
    let mut role_names = None;
    for (number, limit) in fields.objects("roleNames").unwrap_or_default().iter().enumerate() {
        let wrong = |reason: String| Fault::field(format!("roleNames.{number}"), reason);
        let role = api.named_roles(limit, "role").await.map_err(|_| wrong("There is no such role.".to_owned()))?;
        let role = role.and_then(|roles| roles.into_iter().next()).ok_or_else(|| wrong("There is no such role.".to_owned()))?;
        let names = patterns(limit).map_err(wrong)?;
        role_names.get_or_insert_with(Vec::new).push(RoleNames { role: role.id, names });
        named.push(role);
    }
    let change = AuthorityChange {
        owner: fields.text("owner").map(str::to_owned),
        description: fields.text("description").map(str::to_owned),
        active: fields.flag("active"),
        roles: roles.as_deref().map(ids),
        profiles,
        options,
        role_names,
    };
    api.engine.check_authority_change(&change).map_err(super::refusal)?;
    let about = format!("change the authority {}", authority.name);
    let deed = Deed::Update(authority.id, Box::new(change));
    Ok(Plan { about, on: vec![authority], roles: named, deed })
}

fn patterns(limit: &Fields) -> Result<Vec<NamePattern>, String> {
    let texts = create::texts(limit, "names").map_err(str::to_owned)?;
    texts.iter().map(|text| text.parse::<NamePattern>().map_err(|error| error.to_string())).collect()
}
