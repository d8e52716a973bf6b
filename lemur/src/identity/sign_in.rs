//! People who sign in by a provider: OpenID Connect's code flow with PKCE (RFC 7636), as RFC 9700 wants it.
//!
//! What has to come back is in a cookie of the browser that set out, sealed under the service's key: state, nonce, and PKCE's verifier. So an answer
//! is of use in that browser alone, for ten minutes, and with no memory here that somebody could fill. Each provider has a redirect URI
//! of its own, and the `iss` of its answers is compared (RFC 9207): one provider's answer is never taken to another.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use menagerie_secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::issuer::{Issuer, IssuerError, Metadata, VerifyError};
use super::pattern::{find, texts};
use super::web::{Call, WebError, encoded};
use super::{Identity, Inner, OpenError, jwt, settings};
use crate::access::{Access, Email, Outside, OutsideError, Session, Username};
use crate::audit::Actor;

/// How long somebody may take at the provider, in seconds.
pub const COOKIE_LASTS: u64 = 600;

/// What the cookie is sealed for.
const PLACE: &str = "lemur sign-in";

/// The longest code or state that comes back.
const LONGEST: usize = 4_096;

/// Why somebody is not signed in. No text here holds a code or a token.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There is no such provider.
    #[error("no such provider of identities is configured")]
    NoProvider,
    /// What came back is not what this browser set out with, or too late.
    #[error("this browser did not set out to sign in, or more than ten minutes ago: begin again")]
    State,
    /// What came back is another issuer's.
    #[error("the answer is of another issuer than the provider's")]
    OtherIssuer,
    /// The provider did not sign the person in.
    #[error("the provider did not sign you in")]
    Denied,
    /// The provider cannot be asked.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The provider did not take the code.
    #[error("the provider did not exchange the code: {0}")]
    Exchange(WebError),
    /// What it answered is not as it has to be.
    #[error("the provider's answer cannot be used: {0}")]
    Answer(&'static str),
    /// The token.
    #[error("the provider's token is not accepted: {0}")]
    Token(#[from] VerifyError),
    /// A claim that is not as the configuration wants it.
    #[error("the provider does not say what is wanted of you: the claim {0:?}")]
    Claim(String),
    /// The address is not verified.
    #[error("the provider has not verified your address")]
    Unverified,
    /// Who it is, is not let in.
    #[error(transparent)]
    Outside(#[from] OutsideError),
    /// The system gave no randomness, or nothing could be sealed.
    #[error("the service failed")]
    Internal,
}

/// Somebody who sets out.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "holds what has to come back")]
pub struct Begun {
    /// Where the browser has to go.
    pub location: String,
    /// What it has to bring back.
    pub cookie: String,
}

/// What a provider lets a browser bring.
#[derive(Clone, Copy, Default)]
#[expect(missing_debug_implementations, reason = "holds a code")]
pub struct Answered<'a> {
    /// The code.
    pub code: Option<&'a str>,
    /// What it was sent with.
    pub state: Option<&'a str>,
    /// Who says so.
    pub issuer: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
}

/// A provider, with its secret.
pub(super) struct Provider {
    settings: settings::Provider,
    secret: Option<Secret<String>>,
    issuer: Arc<Issuer>,
    redirect: String,
}

#[derive(Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
struct Flight {
    provider: String,
    state: String,
    nonce: String,
    verifier: String,
    until: i64,
}

impl Provider {
    pub(super) fn open(settings: settings::Provider, issuer: Arc<Issuer>, url: &str) -> Result<Self, OpenError> {
        let secret = settings.client_secret_file.as_deref().map(crate::secret_file::line).transpose()?;
        let redirect = format!("{url}/sign-in/with/{}/callback", settings.name);
        Ok(Self { settings, secret, issuer, redirect })
    }

    async fn metadata(&self, now: i64) -> Result<Metadata, SignInError> {
        let found = self.issuer.found(now).await?;
        found.metadata.clone().ok_or(SignInError::Answer("there is no discovery document"))
    }

    /// The claims of whoever the code is of.
    async fn exchange(&self, metadata: &Metadata, code: &str, flight: &Flight, now: i64) -> Result<Map<String, Value>, SignInError> {
        let endpoint = metadata.token_endpoint.as_deref().ok_or(SignInError::Answer("there is no token endpoint"))?;
        let client = self.settings.client_id.as_str();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", flight.verifier.as_str()),
        ];
        let call = match &self.secret {
            Some(secret) if metadata.secret_in_header => {
                let pair = Zeroizing::new(format!("{}:{}", encoded(client).as_str(), encoded(secret.expose()).as_str()));
                let value = Zeroizing::new(format!("Basic {}", Zeroizing::new(STANDARD.encode(pair.as_bytes())).as_str()));
                Call::form(endpoint, &fields).with("authorization", value)
            }
            Some(secret) => {
                fields.extend([("client_id", client), ("client_secret", secret.expose().as_str())]);
                Call::form(endpoint, &fields)
            }
            None => {
                fields.push(("client_id", client));
                Call::form(endpoint, &fields)
            }
        };
        let answer = self.issuer.web().json(call).await.map_err(SignInError::Exchange)?;
        let token = answer["id_token"].as_str().ok_or(SignInError::Answer("there is no ID token"))?;
        let mut claims = self.issuer.verify(token, client, now).await?;
        self.check(&claims, flight)?;
        if self.settings.userinfo {
            let bearer = answer["access_token"].as_str().ok_or(SignInError::Answer("there is no access token"))?;
            self.ask_more(metadata, bearer, &mut claims).await?;
        }
        Ok(claims)
    }

    /// That an ID token is the answer to what this browser asked for (OpenID Connect Core, 3.1.3.7).
    fn check(&self, claims: &Map<String, Value>, flight: &Flight) -> Result<(), SignInError> {
        let nonce = jwt::text(claims, "nonce").unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(flight.nonce.as_bytes())) {
            return Err(SignInError::Claim("nonce".to_owned()));
        }
        let several = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        let ours = match claims.get("azp") {
            Some(party) => party.as_str() == Some(&self.settings.client_id),
            None => !several,
        };
        if ours { Ok(()) } else { Err(SignInError::Claim("azp".to_owned())) }
    }

    /// Adds what the userinfo endpoint says, if it speaks of the same person. What the token says goes before.
    async fn ask_more(&self, metadata: &Metadata, bearer: &str, claims: &mut Map<String, Value>) -> Result<(), SignInError> {
        let endpoint = metadata.userinfo_endpoint.as_deref().ok_or(SignInError::Answer("there is no userinfo endpoint"))?;
        let call = Call::get(endpoint).with("authorization", Zeroizing::new(format!("Bearer {bearer}")));
        let said = self.issuer.web().json(call).await.map_err(SignInError::Exchange)?;
        let Value::Object(said) = said else { return Err(SignInError::Answer("userinfo is no object")) };
        if jwt::text(&said, "sub") != jwt::text(claims, "sub") {
            return Err(SignInError::Answer("userinfo speaks of somebody else"));
        }
        for (name, value) in said {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }
}

fn random() -> Result<String, SignInError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| SignInError::Internal)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// PKCE's challenge of a verifier.
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

impl Identity {
    /// The providers by which people sign in, and where their redirects come back.
    pub fn providers(&self) -> impl Iterator<Item = (&settings::Provider, &str)> {
        let providers = self.0.iter().flat_map(|inner| inner.providers.values());
        providers.map(|provider| (&provider.settings, provider.redirect.as_str()))
    }

    fn provider(&self, name: &str) -> Result<(&Inner, &Provider), SignInError> {
        let inner = self.0.as_deref().ok_or(SignInError::NoProvider)?;
        Ok((inner, inner.providers.get(name).ok_or(SignInError::NoProvider)?))
    }

    /// Sends somebody to a provider.
    ///
    /// # Errors
    /// [`SignInError`] if there is none of this name or it cannot be asked.
    pub async fn begin(&self, name: &str) -> Result<Begun, SignInError> {
        let (inner, provider) = self.provider(name)?;
        let now = inner.engine.now().as_second();
        let metadata = provider.metadata(now).await?;
        let endpoint = metadata.authorization_endpoint.as_deref().ok_or(SignInError::Answer("there is no authorization endpoint"))?;
        let flight = Flight {
            provider: name.to_owned(),
            state: random()?,
            nonce: random()?,
            verifier: random()?,
            until: now.saturating_add_unsigned(COOKIE_LASTS),
        };
        let plain = Zeroizing::new(serde_json::to_vec(&flight).map_err(|_| SignInError::Internal)?);
        let sealed = inner.engine.ring().seal(&plain, PLACE).map_err(|_| SignInError::Internal)?;
        let mut location = endpoint.to_owned();
        let scopes = provider.settings.scopes.join(" ");
        let challenge = challenge(&flight.verifier);
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", provider.settings.client_id.as_str()),
            ("redirect_uri", provider.redirect.as_str()),
            ("scope", scopes.as_str()),
            ("state", flight.state.as_str()),
            ("nonce", flight.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ] {
            location.push(if location.contains('?') { '&' } else { '?' });
            location.push_str(name);
            location.push('=');
            location.push_str(&encoded(value));
        }
        Ok(Begun { location, cookie: URL_SAFE_NO_PAD.encode(sealed) })
    }

    /// Signs somebody in whom a provider sends back. `actor` is whoever the audit log is to name, by the provider's word for them.
    ///
    /// # Errors
    /// [`SignInError`].
    pub async fn finish(
        &self,
        name: &str,
        cookie: Option<&str>,
        answered: Answered<'_>,
        access: &Access,
        actor: impl FnOnce(String) -> Actor,
    ) -> Result<Session, SignInError> {
        let (inner, provider) = self.provider(name)?;
        let now = inner.engine.now().as_second();
        let flight = inner.flight(name, cookie, answered.state, now)?;
        let metadata = provider.metadata(now).await?;
        let issuer = provider.issuer.name();
        if answered.issuer.map_or(metadata.names_itself, |said| said != issuer) {
            return Err(SignInError::OtherIssuer);
        }
        if answered.error.is_some() {
            return Err(SignInError::Denied);
        }
        let code = answered.code.filter(|code| !code.is_empty() && code.len() <= LONGEST).ok_or(SignInError::Denied)?;
        let claims = provider.exchange(&metadata, code, &flight, now).await?;
        let subject = jwt::text(&claims, "sub").unwrap_or_default();
        let policy = &provider.settings.people;
        policy.required.check(&claims).map_err(|claim| SignInError::Claim(claim.to_owned()))?;
        let (email, verified) = policy.email(&claims)?;
        let username = texts_of(&claims, &provider.settings.username_claim).into_iter().next();
        let username = username.and_then(|name| Username::parse(&name).ok());
        let username = username.ok_or_else(|| SignInError::Claim(provider.settings.username_claim.clone()))?;
        let roles = policy.given(&claims);
        let person = Outside {
            issuer,
            subject,
            username: &username,
            email: &email,
            create: policy.create_users,
            link: policy.link_by_email && verified,
            roles: &roles,
        };
        let called = crate::audit::shortened(&format!("{} {name}: {subject}", username.as_str()));
        Ok(access.sign_in_from(&person, &actor(called)).await?)
    }
}

impl Inner {
    /// What a browser set out with, if it is what has come back.
    fn flight(&self, name: &str, cookie: Option<&str>, state: Option<&str>, now: i64) -> Result<Flight, SignInError> {
        let wrong = || SignInError::State;
        let (cookie, state) = (cookie.ok_or_else(wrong)?, state.filter(|state| state.len() <= LONGEST).ok_or_else(wrong)?);
        let sealed = URL_SAFE_NO_PAD.decode(cookie).map_err(|_| wrong())?;
        let plain = self.engine.ring().open_sealed(&sealed, PLACE).map_err(|_| wrong())?;
        let flight: Flight = serde_json::from_slice(&plain).map_err(|_| wrong())?;
        let same = bool::from(flight.state.as_bytes().ct_eq(state.as_bytes()));
        if same && flight.provider == name && now < flight.until { Ok(flight) } else { Err(wrong()) }
    }
}

fn texts_of(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    find(claims, name).map(texts).unwrap_or_default()
}

impl settings::People {
    /// The address, which certificates' owners are compared with, and whether the token itself says that it was verified.
    fn email(&self, claims: &Map<String, Value>) -> Result<(Email, bool), SignInError> {
        let wrong = || SignInError::Claim("email".to_owned());
        let email = Email::parse(jwt::text(claims, "email").ok_or_else(wrong)?).map_err(|_| wrong())?;
        let (_, domain) = email.as_str().rsplit_once('@').ok_or_else(wrong)?;
        if !self.email_domains.is_empty() && !self.email_domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain)) {
            return Err(wrong());
        }
        let verified = claims.get("email_verified") == Some(&Value::Bool(true));
        let denied = claims.get("email_verified").is_some_and(|said| *said != Value::Bool(true));
        if verified || self.emails_are_verified && !denied { Ok((email, verified)) } else { Err(SignInError::Unverified) }
    }

    /// The roles that the claims give, by exact value.
    fn given(&self, claims: &Map<String, Value>) -> BTreeSet<String> {
        let values = texts_of(claims, &self.roles_claim);
        values.iter().filter_map(|value| self.roles.get(value)).flatten().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636() {
        assert_eq!(challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn an_address_counts_if_it_is_verified_and_of_a_domain() {
        let people = settings::People { email_domains: vec!["corp.example".to_owned()], ..settings::People::default() };
        let trusted = settings::People { emails_are_verified: true, ..people.clone() };
        let email = |people: &settings::People, claims: Value| {
            people.email(claims.as_object().expect("an object")).map(|(email, verified)| (email.as_str().to_owned(), verified)).ok()
        };
        let is = |address: &str, verified: Value| json!({"email": address, "email_verified": verified});
        assert_eq!(email(&people, is("a@Corp.example", json!(true))), Some(("a@Corp.example".to_owned(), true)));
        for claims in [
            is("a@corp.example", json!(false)),
            is("a@corp.example", json!("true")),
            is("a@evil.example", json!(true)),
            is("a@corp.example.evil.example", json!(true)),
            is("a@evilcorp.example", json!(true)),
            is("a@sub.corp.example", json!(true)),
            is("not an address", json!(true)),
            json!({"email": "a@corp.example"}),
            json!({"email_verified": true}),
        ] {
            assert_eq!(email(&people, claims.clone()), None, "{claims}");
        }
        assert_eq!(email(&trusted, json!({"email": "a@corp.example"})), Some(("a@corp.example".to_owned(), false)));
        assert_eq!(email(&trusted, is("a@corp.example", json!(false))), None);
    }

    #[test]
    fn roles_are_given_by_exact_value() {
        let roles = [("pki".to_owned(), vec!["admin".to_owned(), "operator".to_owned()]), ("dev".to_owned(), vec!["deploy".to_owned()])];
        let people = settings::People { roles_claim: "groups".to_owned(), roles: roles.into(), ..settings::People::default() };
        let given = |claims: Value| people.given(claims.as_object().expect("an object")).into_iter().collect::<Vec<_>>();
        assert_eq!(given(json!({"groups": ["pki", "other"]})), ["admin", "operator"]);
        assert_eq!(given(json!({"groups": "dev"})), ["deploy"]);
        for claims in [json!({}), json!({"groups": ["PKI", "pki ", "pk*", ""]}), json!({"groups": {"pki": true}})] {
            assert!(given(claims.clone()).is_empty(), "{claims}");
        }
    }
}
