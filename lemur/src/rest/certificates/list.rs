//! Lists of certificates: filters and orders as Lemur's clients write them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::fault::Fault;
use super::super::plugins::{ACME_ISSUER, ISSUER};
use super::super::query::{Asked, flag};
use super::super::signed::Signed;
use crate::access::permit::Action;
use crate::certificate::Serial;
use crate::store::authorities::Authority;
use crate::store::list::{Filter, Match, Order, SortBy};
use crate::store::{AuthorityId, CertificateId, RoleId, UserId};

pub(super) const PARAMETERS: [(&str, &str); 9] = [
    ("authority", "Only of this authority, by its number or its name"),
    ("name", "Only with this in a name"),
    ("showExpired", "1: also certificates that have ended"),
    ("timeRange", "Only those that end within so many weeks"),
    ("serial", "The serial number, decimal or hexadecimal"),
    ("active", "Only those that are notified of, or are not"),
    ("owner", "The owner"),
    ("show", "1: only those that whoever asks has asked for"),
    ("short", "Taken for the sake of Lemur's clients; items are whole"),
];

/// Of those that hold, as Lemur's `query_common_name` has them.
pub(super) const VALID_PARAMETERS: [(&str, &str); 3] = [
    ("owner", "The owner, as a whole; % stands for anything"),
    ("san", "One of the alternative names, as a whole; % stands for anything"),
    ("authority_plugin_name", "Only of authorities of this plugin"),
];

/// What a filter may call the common name.
const COMMON_NAME: [&str; 3] = ["cn", "commonName", "common_name"];

const WEEK: i64 = 7 * 24 * 60 * 60;

pub(super) async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Response, Fault> {
    signed.may(&Action::Look)?;
    let filter = filter(&api, &signed, &asked).await?;
    api.page(&signed, &filter, order(&asked)?, &asked).await
}

/// Those that hold and are in no other's place. Names and owners are asked for as a whole, as there.
pub(super) async fn valid(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Response, Fault> {
    signed.may(&Action::Look)?;
    let mut filter = filter(&api, &signed, &asked).await?;
    // A wildcard alone is no condition.
    let like = |text: &str| (text != "%").then(|| Match::Like(text.to_owned()));
    if let Some((_, name)) = asked.filter.as_ref().filter(|(key, name)| COMMON_NAME.contains(&key.as_str()) && !name.is_empty()) {
        (filter.common_name, filter.stands_for) = (like(name), None);
    }
    if let Some(owner) = asked.parameter("owner") {
        filter.owner = like(owner);
    }
    if let Some(name) = asked.parameter("san") {
        filter.alternative_name = like(name);
    }
    if let Some(plugin) = asked.parameter("authority_plugin_name") {
        filter.authorities = Some(api.authorities_of_plugin(plugin).await?);
    }
    (filter.not_ended_by, filter.revoked, filter.replaced) = (Some(api.engine.now()), Some(false), Some(false));
    api.page(&signed, &filter, order(&asked)?, &asked).await
}

fn order(asked: &Asked) -> Result<Order, Fault> {
    let by = match asked.sort_by.as_deref() {
        None => return Ok(Order::default()),
        Some("id" | "dateCreated" | "date_created") => SortBy::Id,
        Some("name") => SortBy::Name,
        Some("cn" | "commonName" | "common_name") => SortBy::CommonName,
        Some("owner") => SortBy::Owner,
        Some("notAfter" | "not_after" | "validityEnd") => SortBy::NotAfter,
        Some(_) => return Err(Fault::field("sortBy", "One of id, name, cn, owner and notAfter is wanted.")),
    };
    Ok(Order { by, descending: asked.descending })
}

/// The serial number's bytes: decimal digits, or hexadecimal ones with `0x`, a letter, or colons.
fn serial(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim();
    let decimal = bare.bytes().all(|byte| byte.is_ascii_digit());
    if decimal && let Ok(serial) = Serial::from_decimal(bare) {
        return Some(serial.as_unsigned().to_vec());
    }
    let digits: String = bare.trim_start_matches("0x").trim_start_matches("0X").chars().filter(|digit| *digit != ':').collect();
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let bytes = hex::decode(digits).ok().filter(|bytes| (1..=20).contains(&bytes.len()))?;
    let first = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[first..].to_vec())
}

async fn filter(api: &Api, signed: &Signed, asked: &Asked) -> Result<Filter, Fault> {
    let mut filter = Filter::default();
    let now = api.engine.now();
    if asked.flag("showExpired")? != Some(true) && asked.parameter("serial").is_none() {
        filter.not_ended_by = Some(now);
    }
    if let Some(text) = asked.parameter("timeRange") {
        let weeks: i64 = text
            .parse()
            .ok()
            .filter(|weeks| (0..=5_200).contains(weeks))
            .ok_or_else(|| Fault::field("timeRange", "Not a valid number of weeks."))?;
        filter.ends_from = Some(now);
        filter.ends_before = now.checked_add(SignedDuration::from_secs(weeks * WEEK)).ok();
    }
    filter.notify = asked.flag("active")?;
    if let Some(text) = asked.parameter("serial") {
        filter.serial = Some(serial(text).ok_or_else(|| Fault::field("serial", "Not a valid serial number."))?);
    }
    for key in ["authority", "name"] {
        if let Some(value) = asked.parameter(key) {
            one(api, &mut filter, key, value).await?;
        }
    }
    if asked.flag("show")? == Some(true) {
        filter.creator = Some(signed.requester.user().unwrap_or(UserId(0)));
    }
    if let Some(owner) = asked.parameter("owner") {
        filter.owner = Some(Match::Has(owner.to_owned()));
    }
    if let Some((key, value)) = &asked.filter
        && !value.is_empty()
    {
        one(api, &mut filter, key, value).await?;
    }
    Ok(filter)
}

impl Api {
    /// The authorities that issue by a plugin of Lemur's.
    async fn authorities_of_plugin(&self, slug: &str) -> Result<Vec<AuthorityId>, Fault> {
        let all = self.engine.authorities().await?.into_iter();
        let by = |authority: &Authority| if authority.upstream().is_some() { ACME_ISSUER } else { ISSUER };
        Ok(all.filter(|authority| by(authority) == slug).map(|authority| authority.id).collect())
    }
}

async fn one(api: &Api, filter: &mut Filter, key: &str, value: &str) -> Result<(), Fault> {
    let wrong = |reason: &str| Fault::field("filter", reason);
    let number = || value.parse::<i64>().map_err(|_| wrong("A number is wanted."));
    // In quotes it is the whole, as in Lemur.
    let whole = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|whole| !whole.is_empty());
    let yes = || flag(value).ok_or_else(|| wrong("true or false is wanted."));
    match key {
        "name" => match whole {
            Some(whole) => filter.known_as = Some(whole.to_owned()),
            None => filter.text = Some(value.to_owned()),
        },
        "fixedName" => filter.name = Some(value.to_owned()),
        "cn" | "commonName" | "common_name" => match whole {
            Some(whole) => filter.stands_for = Some(whole.to_owned()),
            None => filter.common_name = Some(Match::Has(value.to_owned())),
        },
        "san" | "domain" => {
            filter.alternative_name = Some(whole.map_or_else(|| Match::Has(value.to_owned()), |whole| Match::Is(whole.to_owned())));
        }
        "owner" => filter.owner = Some(Match::Has(value.to_owned())),
        "issuer" => filter.issuer = Some(whole.map_or_else(|| Match::Has(value.to_owned()), |whole| Match::Is(whole.to_owned()))),
        "id" => filter.id = Some(CertificateId(number()?)),
        "serial" => filter.serial = Some(serial(value).ok_or_else(|| wrong("A serial number is wanted."))?),
        "notify" | "active" => filter.notify = Some(yes()?),
        "rotation" => filter.rotation = Some(yes()?),
        "revoked" => filter.revoked = Some(yes()?),
        "replaced" => filter.replaced = Some(yes()?),
        "creator" | "user" => {
            let known = crate::access::Username::parse(value).ok();
            filter.creator = Some(match known {
                Some(username) => api.access.user_named(&username).await.map_or(UserId(0), |user| user.id),
                None => UserId(0),
            });
        }
        "role" => filter.role = Some(api.access.role_named(value).await.map_or(RoleId(0), |role| role.id)),
        "authority" => match value.parse::<i64>() {
            Ok(id) => filter.authority = Some(AuthorityId(id)),
            Err(_) => filter.authority = Some(api.engine.authority_by_name(value).await?.map_or(AuthorityId(0), |known| known.id)),
        },
        _ => {
            return Err(wrong(
                "One of name, fixedName, cn, san, owner, issuer, authority, creator, role, serial, id, notify, rotation, revoked and replaced is wanted.",
            ));
        }
    }
    Ok(())
}

/// How many certificates there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CertificateStats)]
pub(super) struct Stats {
    total: i64,
    expired: i64,
    /// Those that end within thirty days.
    expiring: i64,
    /// How many end on each of the next thirty days on which any does.
    days: Vec<Day>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Day {
    date: String,
    count: i64,
}

pub(super) async fn stats(State(api): State<Api>, signed: Signed) -> Result<Json<Stats>, Fault> {
    const DAY: i64 = 24 * 60 * 60;
    signed.may(&Action::Look)?;
    let now = api.engine.now().as_second();
    let mut transaction = api.engine.store().read().await?;
    let total = transaction.one("SELECT count(*) AS n FROM certificate", &[]).await?.integer("n")?;
    let expired = transaction.one("SELECT count(*) AS n FROM certificate WHERE not_after < $1", &[now.into()]).await?.integer("n")?;
    let sql = "SELECT not_after / 86400 AS day, count(*) AS n FROM certificate WHERE not_after >= $1 AND not_after < $2
        GROUP BY not_after / 86400 ORDER BY 1";
    let mut days = Vec::new();
    for row in transaction.all(sql, &[now.into(), (now + 30 * DAY).into()]).await? {
        let date = Timestamp::from_second(row.integer("day")? * DAY).map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
        days.push(Day { date, count: row.integer("n")? });
    }
    Ok(Json(Stats { total, expired, expiring: days.iter().map(|day| day.count).sum(), days }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_are_decimal_or_hexadecimal() {
        assert_eq!(serial("256"), Some(vec![1, 0]));
        assert_eq!(serial("0x0100"), Some(vec![1, 0]));
        assert_eq!(serial("AB:CD"), Some(vec![0xab, 0xcd]));
        assert_eq!(serial("abc"), Some(vec![0x0a, 0xbc]));
        assert_eq!(serial(&"f".repeat(42)), None);
        assert_eq!(serial("x"), None);
        assert_eq!(serial(""), None);
    }
}
