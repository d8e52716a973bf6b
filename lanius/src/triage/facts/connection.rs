//! Connection strings: to which host and database a password leads, and for whom. Both forms are read from what stands round the
//! password: a URI (RFC 3986), and pairs of names and values with semicolons between.

use super::{Clue, Gathered};

/// What ends a host or a database in a text.
const END: &[char] = &['/', '?', '#', '&', '"', '\'', '`', '<', '>', ')', '(', ']', '}', '{', '$', ',', ';', '\\', '|', '*'];

pub(super) fn gather(clue: Clue<'_>, gathered: &mut Gathered) {
    if !uri(clue, gathered) {
        pairs(clue, gathered);
    }
    let host = gathered.facts.iter().find(|fact| fact.name == "host").map(|fact| fact.value.clone());
    if host.is_some_and(|host| is_here(&host)) {
        gathered.costs_less("the host is the machine itself");
    }
}

/// `scheme://user:PASSWORD@host:port/database`
fn uri(clue: Clue<'_>, gathered: &mut Gathered) -> bool {
    let Some((before, rest)) = clue.before.strip_suffix(':').zip(clue.after.strip_prefix('@')) else { return false };
    let Some((left, user)) = before.rsplit_once("://") else { return false };
    let from = left.rfind(|c: char| !c.is_ascii_alphanumeric() && !"+.-".contains(c)).map_or(0, |at| at + 1);
    // `from` begins a character of ASCII, or follows one that may be longer.
    let scheme = left.get(from..).unwrap_or_default();
    if user.contains(['/', ' ', '"', '\'', '@']) {
        return false;
    }
    gathered.tell("scheme", scheme);
    gathered.tell("user", user);
    let ends = |c: char| c.is_whitespace() || END.contains(&c);
    // An address of IPv6 stands in brackets.
    let bracketed = rest.starts_with('[').then(|| rest.find(']')).flatten().unwrap_or(0);
    let at = rest[bracketed..].trim_start_matches(']').find(ends).map_or(rest.len(), |at| bracketed + usize::from(bracketed > 0) + at);
    let (host, path) = rest.split_at(at);
    match host.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            gathered.tell("host", host);
            gathered.tell("port", port);
        }
        _ => gathered.tell("host", host),
    }
    if let Some(path) = path.strip_prefix('/') {
        gathered.tell("database", &path[..path.find(ends).unwrap_or(path.len())]);
    }
    true
}

/// `Server=db.internal;User Id=app;Password=PASSWORD;Database=main`
fn pairs(clue: Clue<'_>, gathered: &mut Gathered) {
    if !(clue.before.contains(';') || clue.after.trim_start_matches(['"', '\'']).starts_with(';')) {
        return;
    }
    for pair in clue.before.split(';').chain(clue.after.split(';')) {
        // The first pair may stand behind an assignment: `dsn = "Server=…`.
        let pair = pair.rsplit(['"', '\'', '`']).find(|part| part.contains('=')).unwrap_or(pair);
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = value.trim_start();
        let end = value.find(|c: char| c.is_whitespace() || "<>*".contains(c)).unwrap_or(value.len());
        let value = &value[..end];
        let name = name.trim().rsplit(' ').next();
        let whole = pair.to_ascii_lowercase();
        match name.unwrap_or_default().to_ascii_lowercase().as_str() {
            "server" | "host" | "hostname" | "source" | "address" => gathered.tell("host", value.trim_start_matches("tcp:")),
            "port" => gathered.tell("port", value),
            "database" | "dbname" | "catalog" => gathered.tell("database", value),
            "uid" | "user" | "username" => gathered.tell("user", value),
            "id" if whole.contains("user id") => gathered.tell("user", value),
            "accountname" => gathered.tell("storage_account", value),
            "sharedaccesskeyname" => gathered.tell("key_name", value),
            "endpoint" => gathered.tell("endpoint", value),
            "hubname" | "entitypath" => gathered.tell("entity", value),
            _ => {}
        }
    }
}

/// Whether a host names the machine that it is used on.
fn is_here(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback() || address.is_unspecified())
}
