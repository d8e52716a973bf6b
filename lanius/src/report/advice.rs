//! What to do about a finding, in a line or two: how its service revokes a credential, where that is generally known, and how to go
//! on. From the services' own manuals.

use crate::rules::{Definition, Verify};

/// How a service's credentials are revoked.
const REVOKE: &[(&str, &str)] = &[
    (
        "Amazon Web Services",
        "deactivate the key in IAM (aws iam update-access-key --status Inactive), make a new one, then delete the old one",
    ),
    ("GitHub", "revoke it under Settings > Developer settings, or POST it to api.github.com/credentials/revoke; look at the audit log"),
    ("GitLab", "revoke it under Preferences or Settings > Access tokens, or DELETE /personal_access_tokens/self with the token itself"),
    (
        "Google Cloud",
        "delete the key in the console under IAM & Admin > Service accounts, or APIs & Services > Credentials, and make a new one",
    ),
    ("Microsoft Azure", "regenerate the key in the portal under the resource's Access keys, or delete the secret of the app registration"),
    (
        "Slack",
        "revoke it with the Web API's auth.revoke, or on the app's page under OAuth & Permissions; a webhook, under Incoming Webhooks",
    ),
    ("Stripe", "roll the key in the dashboard under Developers > API keys, with the old one expiring at once"),
    ("OpenAI", "delete the key on the platform's page API keys and make a new one; look at the usage"),
    ("Anthropic", "delete the key in the console under API keys and make a new one; look at the usage"),
    ("npm", "npm token revoke, or under Access Tokens on the site; look at what was published"),
    ("PyPI", "remove the token under Account settings > API tokens; look at the projects' releases"),
    ("crates.io", "revoke the token under Account settings > API Tokens; look at the crates' versions"),
    ("RubyGems", "delete the key under Settings > API keys; look at the gems' versions"),
    ("Docker", "delete the token under Account settings > Personal access tokens"),
    ("DigitalOcean", "delete the token in the control panel under API > Tokens"),
    ("Cloudflare", "roll or delete the token under My Profile > API Tokens"),
    ("Twilio", "delete the API key in the console, or promote the secondary auth token"),
    ("SendGrid", "delete the key under Settings > API Keys"),
    ("Mailgun", "delete the key under Account > API security"),
    ("Datadog", "revoke the key under Organization settings > API keys"),
    ("New Relic", "delete the key under API keys"),
    ("Sentry", "revoke the token under Settings > Auth Tokens"),
    ("Heroku", "heroku authorizations:revoke, or regenerate the key under Account settings"),
    ("HashiCorp Vault", "vault token revoke, or by its accessor"),
    ("Atlassian", "revoke the token under Account settings > Security > API tokens"),
    ("Bitbucket", "revoke the app password or token under Personal settings"),
    ("Telegram", "send /revoke to @BotFather"),
    ("Discord", "reset the token on the developer portal under Bot; delete a webhook under the channel's Integrations"),
    ("Hugging Face", "invalidate the token under Settings > Access Tokens"),
    ("Databricks", "revoke the token under Settings > Developer > Access tokens"),
    ("Shopify", "uninstall the app or rotate its credentials in the admin under Apps"),
    ("PostgreSQL", "ALTER ROLE … PASSWORD, then end the role's sessions"),
    ("MySQL", "ALTER USER … IDENTIFIED BY, then end the user's sessions"),
    ("MongoDB", "change the password with db.updateUser, or under Database Access in Atlas"),
    ("Redis", "ACL SETUSER with a new password and without the old one, or CONFIG SET requirepass"),
    ("OpenSSH", "take its public key out of every authorized_keys and every service that knows it; make a new key"),
    ("Kubernetes", "delete the token's Secret, or the service account if its tokens are bound"),
    ("Doppler", "revoke the token under the project's Access, or the workplace's Tokens"),
    ("CircleCI", "delete the token under User settings > Personal API tokens"),
    ("Buildkite", "revoke the token under Personal settings > API access tokens"),
    ("Linear", "revoke the key under Settings > Security & access"),
    ("Netlify", "delete the token under User settings > Applications"),
    ("Vercel", "delete the token under Account settings > Tokens"),
    ("Grafana", "delete the token of the service account under Administration > Service accounts"),
    ("Square", "replace the token in the developer console under Credentials"),
    ("Plaid", "rotate the secret in the dashboard under Developers > Keys"),
    ("Airtable", "delete the token on the developer hub"),
    ("Notion", "refresh the secret on the integration's page"),
    ("Fly.io", "fly tokens revoke"),
    ("Supabase", "rotate the JWT secret or the API key under Project settings"),
];

/// How a credential of this rule is revoked.
#[must_use]
pub fn revoke(definition: &Definition) -> String {
    if let Some((_, how)) = REVOKE.iter().find(|(service, _)| *service == definition.service) {
        return (*how).to_owned();
    }
    if definition.id.starts_with("pii-") {
        return "if it may not stand here, remove it or replace it: `lanius redact --pii --tokenise` keeps its form".to_owned();
    }
    if definition.id == "jwt" {
        return "end the session at its issuer, or rotate the key that signs; a token that has expired needs nothing".to_owned();
    }
    if definition.id.contains("private-key") {
        return "make a new key, put its public half wherever the old one is trusted, and have the old one's certificates revoked"
            .to_owned();
    }
    if definition.service.is_empty() {
        "change it where it is used, and read the new one from a secret store or the environment".to_owned()
    } else {
        format!("revoke it at {} and make a new one", definition.service)
    }
}

/// What to do, in full: revoke, look, keep out.
#[must_use]
pub fn help(definition: &Definition) -> String {
    format!(
        "Treat it as known to others: {}. Then see in the service's log whether it was used, and keep the new one in a secret store or the \
         environment. To take it out of the history does not make it secret again.",
        revoke(definition)
    )
}

/// What the rule looks for, in a sentence.
#[must_use]
pub fn shape(definition: &Definition) -> String {
    if definition.id.starts_with("pii-") {
        return "values of that form whose check digits are right, with words near or a column that say so".to_owned();
    }
    match (&definition.pattern, &definition.value, definition.judges) {
        (Some(pattern), _, _) => format!("a value that matches {pattern}"),
        (None, Some(value), _) => format!("a value that matches {value} beside a name with {}", definition.names.join(", ")),
        (None, None, Some(_)) => {
            "a value beside a telling name, judged by name, shape, quoting, syntax, kind of file and dictionary words".to_owned()
        }
        (None, None, None) => "a value that a detector recognises".to_owned(),
    }
}

/// How to verify it by hand, as the service documents.
#[must_use]
pub fn by_hand(verify: &Verify) -> String {
    let active: Vec<_> = verify.active.iter().map(u16::to_string).collect();
    let mut text = format!("{} {} answers {} if it lives", verify.method, verify.url, active.join(" or "));
    if let Some(wanted) = &verify.active_text {
        text.push_str(&format!(", with {wanted:?} in the answer"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules;

    #[test]
    fn every_rule_has_advice_and_most_services_named_here_have_rules() {
        let rules = rules::built_in();
        for rule in &rules {
            assert!(!revoke(&rule.definition).is_empty() && !shape(&rule.definition).is_empty());
        }
        let known = |service: &str| rules.iter().any(|rule| rule.definition.service == service);
        let unknown: Vec<_> = REVOKE.iter().map(|(service, _)| *service).filter(|service| !known(service)).collect();
        assert!(unknown.is_empty(), "advice for services of which there is no rule: {unknown:?}");
    }
}
