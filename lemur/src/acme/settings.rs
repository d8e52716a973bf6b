//! What a server's configuration says about ACME. Unvalidated settings are the configuration's; these are right by construction.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Uri;
use jiff::Timestamp;

use crate::validate::Reach;

/// What clients may ask for by name (draft-ietf-acme-profiles): an authority, and a profile of its certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What the directory says about it.
    pub description: String,
    /// The authority's name.
    pub authority: String,
    /// The name of the authority's profile.
    pub profile: String,
    /// Which addresses may be asked to validate for it.
    pub reach: Reach,
    /// Whether its profile claims the CA/Browser Forum's baseline: CAA records are then heeded, and proofs reused as long as it lets.
    pub(super) baseline: bool,
}

impl Offer {
    /// An authority's profile, for those at these addresses.
    #[must_use]
    pub fn new(description: impl Into<String>, authority: impl Into<String>, profile: impl Into<String>, reach: Reach) -> Self {
        // Whether the profile claims the baseline is looked up when it is offered.
        Self { description: description.into(), authority: authority.into(), profile: profile.into(), reach, baseline: false }
    }

    /// Whether a proof of that time may serve an order of now: for 200 days, from 2026-03-15 on; 100 from 2027-03-15; 10 from 2029-03-15
    /// (BR 4.2.1).
    #[must_use]
    pub fn may_reuse(&self, validated: Option<Timestamp>, now: Timestamp) -> bool {
        let days = BASELINE_REUSE.iter().rev().find(|(from, _)| now.as_second() >= *from).map_or(398, |(_, days)| *days);
        let age = |validated: Timestamp| now.as_second() - validated.as_second();
        !self.baseline || validated.is_some_and(|validated| age(validated) <= days * 86_400)
    }
}

/// How many days a proof may be reused under the baseline, from these times on, in seconds since 1970.
const BASELINE_REUSE: &[(i64, i64)] = &[(1_773_532_800, 200), (1_805_068_800, 100), (1_868_227_200, 10)];

/// What clients may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offers {
    /// These, by name, as far as their authorities issue.
    Named {
        /// The offers.
        offers: BTreeMap<String, Offer>,
        /// Which is meant where none is named.
        default: String,
    },
    /// Every authority that issues to others than authorities, by its own name.
    Authorities {
        /// The profile of their certificates.
        profile: String,
        /// The name of the one that is meant where none is named, if it issues; else it is the oldest.
        first: String,
        /// Which addresses may be asked to validate.
        reach: Reach,
    },
}

/// How this server speaks ACME.
#[derive(Debug, Clone)]
pub struct Settings {
    base: String,
    offers: Offers,
    /// Whether an account needs an external account binding.
    pub binding_required: bool,
    /// Who owns the certificates of accounts that have no external key, an e-mail address.
    pub unbound_owner: String,
    /// Where the terms of service are: who makes an account then agrees to them.
    pub terms_of_service: Option<String>,
    /// The domain names of this authority in CAA records and in records of dns-persist-01.
    pub caa_identities: Vec<String>,
    /// How long an order may take.
    pub order_life: Duration,
    /// How long a proof of control serves later orders: the last hour of it none that is made then, and no time at all none. It serves its
    /// own order for an hour in any case. BR 4.2.1 bounds it where a profile claims the baseline.
    pub proof_life: Duration,
    /// How many authorizations of an account may be pending at a time.
    pub pending_authorizations: u32,
    /// How many identifiers an order may have.
    pub identifiers: usize,
    /// How many orders an external account key with all its accounts, or an account without one, may make in an hour at each server.
    pub orders_per_hour: u32,
}

/// Why settings are not right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Clients sign for the URL that they ask, so it has to be known.
    #[error("{url:?} is no base for ACME's URLs: write https://HOST/acme, as clients are to ask for it")]
    Base {
        /// What was given.
        url: String,
    },
    /// No offer has the default's name.
    #[error("the default profile {name:?} is none of those that are offered")]
    Default {
        /// The name.
        name: String,
    },
}

impl Settings {
    /// With what has no default: the URL under which clients see the router, and what they may ask for, by name.
    ///
    /// # Errors
    /// [`SettingsError`] if the URL is not `https` or ends with a slash, or nothing has the default's name.
    pub fn new(base: &str, offers: BTreeMap<String, Offer>, default_offer: &str) -> Result<Self, SettingsError> {
        if !offers.contains_key(default_offer) {
            return Err(SettingsError::Default { name: default_offer.to_owned() });
        }
        Self::offering(base, Offers::Named { offers, default: default_offer.to_owned() })
    }

    /// As [`Settings::new`], with what is offered as it stands.
    ///
    /// # Errors
    /// [`SettingsError`] if the URL is not `https` or ends with a slash.
    pub fn offering(base: &str, offers: Offers) -> Result<Self, SettingsError> {
        let uri = base.parse::<Uri>().ok();
        let right = uri.is_some_and(|uri| {
            uri.scheme_str() == Some("https")
                && uri.query().is_none()
                && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        });
        if !right || base.ends_with('/') {
            return Err(SettingsError::Base { url: base.to_owned() });
        }
        Ok(Self {
            base: base.to_owned(),
            offers,
            binding_required: true,
            unbound_owner: "acme".to_owned(),
            terms_of_service: None,
            caa_identities: Vec::new(),
            order_life: Duration::from_secs(24 * 3_600),
            proof_life: Duration::from_secs(24 * 3_600),
            pending_authorizations: 300,
            identifiers: 100,
            orders_per_hour: 10_000,
        })
    }

    /// The URL under which clients see the router.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What clients may ask for.
    #[must_use]
    pub const fn offers(&self) -> &Offers {
        &self.offers
    }

    /// A URL of this server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_a_url_to_sign_for() {
        let offer = Offer {
            description: String::new(),
            authority: "a".to_owned(),
            profile: "p".to_owned(),
            reach: Reach::default(),
            baseline: false,
        };
        let offers = BTreeMap::from([("web".to_owned(), offer)]);
        let new = |base: &str, default: &str| Settings::new(base, offers.clone(), default);
        assert_eq!(new("https://ca.example/acme", "web").expect("settings").url("/new-order"), "https://ca.example/acme/new-order");
        for base in [
            "http://ca.example/acme",
            "https://ca.example/acme/",
            "/acme",
            "ca.example",
            "https://u:p@ca.example/acme",
            "https://ca.example/acme?x",
            "",
        ] {
            assert_eq!(new(base, "web").err(), Some(SettingsError::Base { url: base.to_owned() }), "{base}");
        }
        assert_eq!(new("https://ca.example/acme", "other").err(), Some(SettingsError::Default { name: "other".to_owned() }));
    }

    #[test]
    fn proofs_are_reused_as_long_as_the_baseline_lets() {
        let offer = |baseline| Offer {
            description: String::new(),
            authority: "a".to_owned(),
            profile: "p".to_owned(),
            reach: Reach::default(),
            baseline,
        };
        let reuse = |baseline, now: &str, days: i64| {
            let now: Timestamp = now.parse().expect("a time");
            offer(baseline).may_reuse(Some(now - jiff::SignedDuration::from_hours(24 * days)), now)
        };
        for (now, days) in
            [("2026-03-14T23:59:59Z", 398), ("2026-03-15T00:00:00Z", 200), ("2027-03-15T00:00:00Z", 100), ("2029-03-15T00:00:00Z", 10)]
        {
            assert!(reuse(true, now, days) && !reuse(true, now, days + 1) && reuse(false, now, 1_000), "{now}");
        }
        assert!(!offer(true).may_reuse(None, Timestamp::UNIX_EPOCH));
    }
}
