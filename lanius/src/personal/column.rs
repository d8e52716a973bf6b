//! What a column of a table holds, judged over its cells. One number that passes a weak check says nothing; a column in which far more
//! distinct values pass than chance lets pass does. The evidence is counted in bits: how much better "this column holds such numbers" explains
//! the share that passes than "this column holds random values of that form". The column's name is evidence too, and for names of people,
//! dates of birth and postal addresses it is the only one.

use super::context::Places;
use super::detector::Detector;
use super::find::Finder;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Values of a detector.
    Values(&'static Detector),
    /// Names of people, by the column's name.
    PersonName,
    /// Dates of birth, by the column's name.
    BirthDate,
    /// Postal addresses, by the column's name.
    PostalAddress,
}

/// One thing that a column may hold.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What it may be.
    pub meaning: Meaning,
    /// How sure it is, 0 to 100.
    pub confidence: u8,
    /// The share of distinct values, of those that are not empty, that are such values; 0 where only the name speaks for it.
    pub rate: f64,
    /// How many distinct values were judged.
    pub judged: u64,
    /// How many of them have the form, and how many of those pass the check.
    pub formed: u64,
    /// How many pass the check.
    pub valid: u64,
    /// How many of those are published examples.
    pub specimens: u64,
    /// Whether the column's name says the same.
    pub named: bool,
    /// Why, in one line.
    pub reason: String,
}

/// Gathers evidence over the cells of one column.
#[derive(Debug)]
pub struct Column<'f> {
    finder: &'f Finder,
    named: Places,
    hint: Option<Meaning>,
    cells: u64,
    empty: u64,
    tallies: Vec<Tally>,
    seen: HashSet<u64>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    formed: u64,
    valid: u64,
    specimens: u64,
    layouts: u64,
}

/// This many distinct values are judged; what comes after them only counts as cells.
const DISTINCT: usize = 16_384;

/// Cells longer than that are text, not values.
const LONGEST_CELL: usize = 512;

impl<'f> Column<'f> {
    /// A column of that name, of which nothing is known yet.
    #[must_use]
    pub fn new(finder: &'f Finder, name: &str) -> Self {
        let words = words_of(name);
        Self {
            finder,
            named: finder.words.of(words.as_bytes()),
            hint: named(name),
            cells: 0,
            empty: 0,
            tallies: vec![Tally::default(); finder.detectors.len()],
            seen: HashSet::new(),
        }
    }

    /// Takes a cell. A value that was there before is not judged again.
    pub fn add(&mut self, cell: &str) {
        self.cells += 1;
        let cell = cell.trim();
        if cell.is_empty() {
            self.empty += 1;
            return;
        }
        if self.seen.len() >= DISTINCT {
            return;
        }
        let mut hasher = DefaultHasher::new();
        cell.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) || cell.len() > LONGEST_CELL {
            return;
        }
        // A detector counts once for a cell, however many of its layouts fit.
        let mut counted: Places = 0;
        for judged in self.finder.judge(cell) {
            let Some(place) = self.finder.detectors.iter().position(|detector| *detector == judged.detector) else { continue };
            if counted & (1 << place) != 0 {
                continue;
            }
            counted |= 1 << place;
            let tally = &mut self.tallies[place];
            tally.formed += 1;
            tally.valid += u64::from(judged.valid);
            tally.specimens += u64::from(judged.valid && judged.specimen);
            tally.layouts += u64::from(judged.layout);
        }
    }

    /// How many cells were given.
    #[must_use]
    pub const fn cells(&self) -> u64 {
        self.cells
    }

    /// How many of them were empty.
    #[must_use]
    pub const fn empty(&self) -> u64 {
        self.empty
    }

    /// How many distinct values they have, as far as they were counted.
    #[must_use]
    pub fn distinct(&self) -> usize {
        self.seen.len()
    }

    /// What the column may hold, the surest first. A column that holds nothing personal has none.
    #[must_use]
    pub fn verdicts(&self) -> Vec<Verdict> {
        let judged = self.seen.len() as u64;
        let mut verdicts: Vec<Verdict> = self
            .tallies
            .iter()
            .enumerate()
            .filter_map(|(place, tally)| self.verdict(self.finder.detectors[place], *tally, self.named & (1 << place) != 0, judged))
            .collect();
        // Where the same values pass several checks and no name decides, none is sure.
        let unnamed = verdicts.iter().filter(|verdict| verdict.rate > 0.5 && !verdict.named).count();
        let decided = verdicts.iter().any(|verdict| verdict.named);
        for verdict in verdicts.iter_mut().filter(|verdict| !verdict.named) {
            let others = if decided { 3 } else { unnamed.saturating_sub(1).min(3) };
            verdict.confidence = verdict.confidence.saturating_sub(u8::try_from(others * 10).expect("at most 30"));
        }
        verdicts.extend(self.hint.filter(|_| self.cells > self.empty).map(|meaning| Verdict {
            meaning,
            confidence: 50,
            rate: 0.0,
            judged,
            formed: 0,
            valid: 0,
            specimens: 0,
            named: true,
            reason: "the column's name says so; values are not checked".to_owned(),
        }));
        verdicts.retain(|verdict| verdict.confidence >= 20);
        verdicts.sort_by_key(|verdict| std::cmp::Reverse((verdict.confidence, verdict.named)));
        verdicts
    }

    fn verdict(&self, detector: &'static Detector, tally: Tally, named: bool, judged: u64) -> Option<Verdict> {
        if tally.valid == 0 {
            return None;
        }
        let rate = share(tally.valid, judged);
        let chance = f64::from(detector.chance) / 1e6;
        let bits = surprise(tally.valid, tally.formed, chance);
        if !named && (rate < 0.25 || bits < 6.0) && !(detector.strength() < 1.0 && rate > 0.5) {
            return None;
        }
        let form = tally.layouts * 2 > tally.formed;
        // Thirty bits are as good as proof; a check that proves nothing leaves the form and the name.
        let mut score = 60.0 * (bits / 30.0).min(1.0) * rate.sqrt();
        let limit = match (named, detector.strength() < 1.0, tally.valid) {
            (true, ..) => 99.0,
            (false, true, _) => {
                if form {
                    45.0
                } else {
                    15.0
                }
            }
            (false, false, 1..3) => 30.0,
            (false, false, 3..8) => 60.0,
            _ => 90.0,
        };
        score += if form { 25.0 } else { 10.0 } + if named { 40.0 * rate.sqrt() } else { 0.0 };
        let mut confidence = score.min(limit);
        if tally.specimens * 2 > tally.valid {
            confidence = confidence.min(20.0);
        }
        let reason = format!(
            "{} of {judged} distinct values pass ({:.0} %), chance lets {:.1} % of such values pass: {bits:.0} bits; the column's name {}",
            tally.valid,
            rate * 100.0,
            chance * 100.0,
            if named { "says the same" } else { "does not tell" },
        );
        Some(Verdict {
            meaning: Meaning::Values(detector),
            confidence: whole(confidence),
            rate,
            judged,
            formed: tally.formed,
            valid: tally.valid,
            specimens: tally.specimens,
            named,
            reason,
        })
    }
}

/// How many bits better the observed share explains that `valid` of `formed` values pass than chance does; 0 if chance lets more pass.
fn surprise(valid: u64, formed: u64, chance: f64) -> f64 {
    let observed = share(valid, formed);
    if observed <= chance {
        return 0.0;
    }
    let term = |count: u64, share: f64, expected: f64| if count == 0 { 0.0 } else { of(count) * (share / expected).log2() };
    term(valid, observed, chance) + term(formed - valid, 1.0 - observed, 1.0 - chance)
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { of(part) / of(whole) }
}

/// Counts are of distinct values, which are a few thousand.
fn of(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn whole(score: f64) -> u8 {
    (1..=99_u8).rev().find(|whole| f64::from(*whole) <= score).unwrap_or(1)
}

/// Names of columns, their words parted by spaces, in several languages.
const HINTS: &[(&[&str], Meaning)] = &[
    (
        &[
            "first name",
            "last name",
            "full name",
            "surname",
            "given name",
            "family name",
            "middle name",
            "maiden name",
            "firstname",
            "lastname",
            "fullname",
            "forename",
            "vorname",
            "nachname",
            "familienname",
            "prénom",
            "prenom",
            "nom de famille",
            "nombre",
            "apellido",
            "apellidos",
            "cognome",
            "voornaam",
            "achternaam",
            "förnamn",
            "efternamn",
            "fornavn",
            "etternavn",
            "etunimi",
            "sukunimi",
            "imię",
            "imie",
            "nazwisko",
            "jméno",
            "příjmení",
            "sobrenome",
            "имя",
            "фамилия",
            "отчество",
            "姓名",
            "氏名",
            "성명",
            "customer name",
            "patient name",
            "employee name",
        ],
        Meaning::PersonName,
    ),
    (
        &[
            "birth date",
            "birthdate",
            "date of birth",
            "dob",
            "birthday",
            "birth day",
            "geburtsdatum",
            "geburtstag",
            "date de naissance",
            "naissance",
            "fecha de nacimiento",
            "nacimiento",
            "data di nascita",
            "geboortedatum",
            "födelsedatum",
            "fødselsdato",
            "syntymäaika",
            "data urodzenia",
            "datum narození",
            "data de nascimento",
            "дата рождения",
            "出生日期",
            "生年月日",
            "생년월일",
        ],
        Meaning::BirthDate,
    ),
    (
        &[
            "street",
            "street address",
            "postal address",
            "home address",
            "mailing address",
            "address line",
            "address line 1",
            "address1",
            "address 1",
            "address",
            "zip code",
            "zipcode",
            "postcode",
            "postal code",
            "strasse",
            "straße",
            "anschrift",
            "postleitzahl",
            "plz",
            "wohnort",
            "adresse",
            "code postal",
            "dirección",
            "direccion",
            "calle",
            "código postal",
            "indirizzo",
            "via",
            "cap",
            "straat",
            "adres",
            "osoite",
            "postinumero",
            "ulica",
            "endereço",
            "морада",
            "адрес",
            "住所",
            "地址",
            "주소",
        ],
        Meaning::PostalAddress,
    ),
];

/// Words before "address" that make it no postal one.
const NO_POST: &[&str] = &["ip", "mac", "email", "mail", "wallet", "memory", "contract", "web", "url", "ipv4", "ipv6", "network"];

/// What the name of a column alone says of it, where no value can be checked.
#[must_use]
pub fn named(column: &str) -> Option<Meaning> {
    let words = words_of(column);
    let padded = format!(" {words} ");
    let found = HINTS.iter().find(|(names, _)| names.iter().any(|name| padded.contains(&format!(" {name} "))));
    let meaning = found.map(|(_, meaning)| *meaning)?;
    let other = meaning == Meaning::PostalAddress && words.split(' ').any(|word| NO_POST.contains(&word));
    (!other).then_some(meaning)
}

/// The words of a name such as `customerSSN`, `birth_date`, in lower case with spaces between them.
fn words_of(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for letter in name.chars().take(128) {
        if !letter.is_alphanumeric() {
            words.push(' ');
        } else {
            if letter.is_uppercase() && before.is_lowercase() {
                words.push(' ');
            }
            words.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
