//! How long a certificate may be valid, by the day of its issuance (BR 6.3.2, 7.1.2.1.1).

use super::super::super::context::Context;
use super::super::super::definition::{Lint, Say, br};
use super::{LEAF, ROOT};

const DAY: i64 = 86_400;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-validity-1187", br("6.3.2"), "A leaf of before March 2018 is valid for at most 39 months.", |c, say| {
        longer(c, say, 1187)
    })
    .baseline(LEAF)
    .since(2015, 4, 1)
    .until(2018, 3, 1),
    Lint::error("br-validity-825", br("6.3.2"), "A leaf of before September 2020 is valid for at most 825 days.", |c, say| {
        longer(c, say, 825)
    })
    .baseline(LEAF)
    .since(2018, 3, 1)
    .until(2020, 9, 1),
    Lint::error("br-validity-398", br("6.3.2"), "A leaf of before 2026-03-15 is valid for at most 398 days.", |c, say| longer(c, say, 398))
        .baseline(LEAF)
        .since(2020, 9, 1)
        .until(2026, 3, 15),
    Lint::error("br-validity-200", br("6.3.2"), "A leaf of before 2027-03-15 is valid for at most 200 days.", |c, say| longer(c, say, 200))
        .baseline(LEAF)
        .since(2026, 3, 15)
        .until(2027, 3, 15),
    Lint::error("br-validity-100", br("6.3.2"), "A leaf of before 2029-03-15 is valid for at most 100 days.", |c, say| longer(c, say, 100))
        .baseline(LEAF)
        .since(2027, 3, 15)
        .until(2029, 3, 15),
    Lint::error("br-validity-47", br("6.3.2"), "A leaf of 2029-03-15 or later is valid for at most 47 days.", |c, say| longer(c, say, 47))
        .baseline(LEAF)
        .since(2029, 3, 15),
    Lint::warning("br-validity-397", br("6.3.2"), "A leaf of before 2026-03-15 is valid for at most 397 days.", |c, say| {
        longer(c, say, 397)
    })
    .baseline(LEAF)
    .since(2020, 9, 1)
    .until(2026, 3, 15),
    Lint::warning("br-validity-199", br("6.3.2"), "A leaf of before 2027-03-15 is valid for at most 199 days.", |c, say| {
        longer(c, say, 199)
    })
    .baseline(LEAF)
    .since(2026, 3, 15)
    .until(2027, 3, 15),
    Lint::warning("br-validity-99", br("6.3.2"), "A leaf of before 2029-03-15 is valid for at most 99 days.", |c, say| longer(c, say, 99))
        .baseline(LEAF)
        .since(2027, 3, 15)
        .until(2029, 3, 15),
    Lint::warning("br-validity-46", br("6.3.2"), "A leaf of 2029-03-15 or later is valid for at most 46 days.", |c, say| {
        longer(c, say, 46)
    })
    .baseline(LEAF)
    .since(2029, 3, 15),
    Lint::error("br-root-validity-short", br("7.1.2.1.1"), "A root is valid for at least 2922 days.", |c, say| {
        if let Some(lifetime) = c.certificate.lifetime()
            && lifetime < 2922 * DAY
        {
            say(told(lifetime));
        }
    })
    .baseline(ROOT)
    .since(2023, 9, 15),
    Lint::error("br-root-validity-long", br("7.1.2.1.1"), "A root is valid for at most 9132 days.", |c, say| longer(c, say, 9132))
        .baseline(ROOT)
        .since(2023, 9, 15),
];

fn longer(c: &Context<'_>, say: &mut Say<'_>, days: i64) {
    if let Some(lifetime) = c.certificate.lifetime()
        && lifetime > days * DAY
    {
        say(told(lifetime));
    }
}

fn told(lifetime: i64) -> String {
    format!("it is valid for {} days and {} seconds", lifetime / DAY, lifetime % DAY)
}
