//! User certificates: who may have which principals.

use jiff::Timestamp;
use serde_json::Value;

use super::certify::{Allowed, Validity, seconds};
use super::granted::{Claims, Granted, KeyId};
use super::record::bounded;
use super::{Call, Issuer, Record, Refusal, Verified};
use crate::certificate::{CriticalOptions, Extensions, Kind};
use crate::config::RemoteUsernames;
use crate::kmsauth;
use crate::request::{InvalidRequest, UserRequest};

impl Issuer {
    pub(super) async fn decide_user(&self, event: &Value, call: &Call, now: Timestamp, record: &mut Record) -> Result<String, Refusal> {
        let settings = &self.settings.user;
        record.claim(event);
        let request = UserRequest::parse(event, &settings.rules).map_err(Refusal::invalid)?;
        record.principals.clone_from(&request.remote_usernames);
        record.source_address = Some(request.bastion_ips.as_str().to_owned());
        let authority = self.authority_for(&request.public_key, record).await?;

        let is_test =
            settings.test_user.as_ref().is_some_and(|test| request.bastion_user == *test || request.remote_usernames == [test.as_str()]);
        let validity = if is_test {
            // As in BLESS: a certificate that ends before it begins, to try the whole path with.
            Validity { after: seconds(now) + 1, before: seconds(now) }
        } else {
            Validity::around(now, settings.validity_before_seconds, settings.validity_after_seconds)
        };
        self.authorize_user(&request, call, now, record).await?;

        let addresses = &settings.rules.addresses;
        let verified = record.verified.as_ref().map_or_else(String::new, |verified| verified.user.clone());
        let granted = Granted {
            kind: Kind::User,
            subject: &request.public_key,
            principals: &request.remote_usernames,
            validity,
            critical_options: CriticalOptions { source_address: Some(request.bastion_ips.clone()), ..settings.critical_options.clone() },
            extensions: Extensions::flags(settings.extensions.iter().map(String::as_str)).map_err(Refusal::unavailable)?,
            key_id: KeyId::Template(&settings.key_id),
            verified: &verified,
            claims: Claims { user: &request.bastion_user, user_ip: &request.bastion_user_ip, command: &request.command },
            allowed: Allowed {
                host_wildcards: false,
                expired: is_test,
                shortest_v4: addresses.shortest_v4,
                shortest_v6: addresses.shortest_v6,
            },
        };
        self.issue(granted, call, &authority, record).await
    }

    /// Records who asks, if anything proves it; refuses if it must be proved and is not, and what that user may not have.
    async fn authorize_user(&self, request: &UserRequest, call: &Call, now: Timestamp, record: &mut Record) -> Result<(), Refusal> {
        if let Some((method, local)) = call.caller.local_user() {
            record.verified = Some(Verified { method, user: local.user.clone() });
            if request.bastion_user != local.user {
                let message = format!("Must be {:?}, whom the {method} stands for.", local.user);
                return Err(Refusal::invalid(InvalidRequest::new("bastion_user", message)));
            }
            if let Some(other) = request.remote_usernames.iter().find(|name| !local.principals.contains(name)) {
                let message = format!("{other:?} is none of the principals of {:?}.", local.user);
                return Err(Refusal::invalid(InvalidRequest::new("remote_usernames", message)));
            }
            return Ok(());
        }
        let Some(kmsauth) = &self.settings.authentication.kmsauth else {
            return if self.settings.authentication.required { Err(unverified(call)) } else { Ok(()) };
        };
        let Some(token) = &request.kmsauth_token else {
            return Err(Refusal::invalid("Invalid request, missing kmsauth token"));
        };
        let asked = &request.remote_usernames;
        match &kmsauth.remote_usernames {
            RemoteUsernames::Own if *asked != [request.bastion_user.as_str()] => {
                return Err(Refusal::unauthorized("remote_usernames must be the same as bastion_user"));
            }
            RemoteUsernames::Listed(list) if !asked.iter().all(|name| list.contains(name)) => {
                return Err(Refusal::unauthorized(format!("unallowed remote_usernames [{}]", asked.join(","))));
            }
            RemoteUsernames::Own | RemoteUsernames::Listed(_) | RemoteUsernames::Any => {}
        }
        let kms = self.clients.kms().await.map_err(Refusal::unavailable)?;
        kmsauth::validate(kms, kmsauth, &request.bastion_user, token, now).await.map_err(Refusal::unauthorized)?;
        record.verified = Some(Verified { method: "kmsauth", user: bounded(&request.bastion_user) });
        // Only now, so that nobody learns of memberships who has not proved to be the user.
        if let Some(format) = &kmsauth.iam_group_format {
            let iam = self.clients.iam().await.map_err(Refusal::unavailable)?;
            let groups = iam.groups_of_user(&request.bastion_user).await.map_err(Refusal::unavailable)?;
            for principal in asked {
                let wanted = format.replace("{}", principal);
                if !groups.contains(&wanted) {
                    return Err(Refusal::unauthorized(format!("user {} is not in the {wanted} iam group", request.bastion_user)));
                }
            }
        }
        Ok(())
    }
}

/// What a caller is told whom nothing verifies where that is wanted.
pub(super) fn unverified(call: &Call) -> Refusal {
    use super::Caller;
    Refusal::invalid(match &call.caller {
        Caller::Process { uid, .. } => format!("uid {uid} is not in [[authentication.local]] of the configuration"),
        Caller::Token { .. } => "the token stands for nobody: [authentication.token] is not in the configuration".to_owned(),
        Caller::Lambda | Caller::Administrator { .. } => {
            "the configuration wants an authenticated caller, and has no [authentication.kmsauth] that could authenticate one".to_owned()
        }
    })
}
