//! What a value's form says: whether it looks chosen or made at random to be kept secret, or like a word, a path, code, a hash.

use super::Meaning;
use super::specimen;
use super::words;
use crate::rules::{entropy, is_placeholder};

/// The share of a value that reads as words, from 0 to 1.
#[must_use]
pub fn word_share(value: &[u8]) -> f32 {
    words::share(value)
}

struct Form {
    lower: bool,
    upper: bool,
    digit: bool,
    special: bool,
    wordy: f32,
    entropy: f32,
}

impl Form {
    fn of(value: &[u8]) -> Self {
        let any = |class: fn(&u8) -> bool| value.iter().any(class);
        Self {
            lower: any(u8::is_ascii_lowercase),
            upper: any(u8::is_ascii_uppercase),
            digit: any(u8::is_ascii_digit),
            special: value.iter().any(|byte| b"!@#%^&*~$?+=;|".contains(byte)),
            wordy: words::share(value),
            entropy: entropy(value),
        }
    }
}

impl Form {
    /// Whether it was drawn from all that a keyboard has, so that pairs of signs in it say nothing.
    fn is_random(&self, value: &[u8]) -> bool {
        value.len() >= 32 && self.lower && self.digit && self.special && self.wordy < 0.3 && self.entropy > 4.2 && !value.contains(&b' ')
    }
}

/// The evidence for and against; `None` where the value cannot be a credential.
pub(super) fn evidence(meaning: Meaning, name: &[u8], value: &[u8]) -> Option<Vec<(f32, &'static str)>> {
    if value.len() < 4 || value.len() > 512 || value.iter().any(|byte| *byte < b' ' || *byte >= 0x7f) {
        return None;
    }
    let form = Form::of(value);
    if is_filled_in(value) || !form.is_random(value) && (is_reference(value) || is_code(value)) || is_pattern(value) {
        return None;
    }
    let mut evidence: Vec<(f32, &'static str)> = Vec::new();
    if specimen::is_hash(value) {
        evidence.push((-4.0, "it is a hash"));
    }
    if specimen::is_sealed(value) {
        evidence.push((-5.0, "it is encrypted"));
    }
    if specimen::is_well_known(value) {
        evidence.push((-2.0, "it is a password that everybody knows"));
    } else if specimen::is_word_and_number(value) {
        evidence.push((-0.8, "it is a word and a number"));
    }
    let reads = |text: &[u8]| text.iter().all(u8::is_ascii_alphabetic) && words::share(text) > 0.6;
    if specimen::hidden_text(value).is_some_and(|text| specimen::is_well_known(&text) || reads(&text) || is_placeholder(&text)) {
        evidence.push((-3.0, "it is a word in base64"));
    }
    if is_percent_encoded(value) {
        evidence.push((-2.0, "it is written for an address"));
    }
    if is_placeholder(value) {
        evidence.push((if meaning == Meaning::Password && value.len() < 16 { -1.5 } else { -4.0 }, "it looks like a stand-in"));
    }
    if repeats_name(name, value) {
        evidence.push((-3.0, "it repeats its name"));
    }
    if value.contains(&b' ') {
        let words = value.split(|byte| *byte == b' ').count();
        evidence.push((if words > 2 { -4.0 } else { -2.0 }, "it has blanks"));
    }
    if is_path_or_url(value) {
        evidence.push((-3.0, "it looks like a path or an address"));
    }
    if holds_example(name) {
        evidence.push((-2.0, "the name says that it is made up"));
    }
    if value.windows(3).any(|window| window == b"%20") {
        evidence.push((-2.0, "it has blanks"));
    }
    if value.iter().filter(|byte| **byte == b':').count() >= 4 {
        evidence.push((-2.0, "it is a list"));
    }
    if value.ends_with(b"*") && meaning != Meaning::Password {
        evidence.push((-2.0, "it is a pattern"));
    }
    if value.ends_with(b"aws4_request") {
        evidence.push((-4.0, "it is the scope of a signature"));
    }
    if is_dotted_name(value) {
        // Names of settings seldom end in a number; passwords of words do.
        let numbered = meaning == Meaning::Password && value.iter().rev().take_while(|byte| byte.is_ascii_digit()).count() >= 2;
        evidence.push((if numbered { -0.6 } else { -2.5 }, "it looks like a name"));
    }
    let random_enough = form.digit && (form.lower || form.upper);
    match meaning {
        Meaning::Password => {
            if !form.lower && !form.upper && !form.special {
                evidence.push((-0.9, "it is only digits"));
            } else if random_enough {
                evidence.push((0.9, "it mixes letters and digits"));
            }
            if form.special && (form.lower || form.upper) {
                evidence.push((0.8, "it holds special characters"));
            }
            if form.lower && form.upper && form.wordy < 0.7 {
                evidence.push((0.5, "it mixes cases"));
            }
            if !form.digit && !form.special && form.wordy > 0.6 {
                evidence.push((-2.2, "it reads as words"));
            } else if !form.digit && !form.special {
                evidence.push((-0.4, "it is only letters"));
            }
            if value.len() >= 8 {
                evidence.push((0.4, "it is long enough"));
            } else if value.len() < 6 {
                evidence.push((-0.8, "it is short"));
            }
            if form.wordy < 0.35 && value.len() >= 8 && form.entropy > 2.5 {
                evidence.push((0.6, "it does not read as words"));
            }
        }
        Meaning::Secret | Meaning::Token | Meaning::Key | Meaning::Weak => {
            if form.wordy > 0.6 {
                evidence.push((if form.digit { -1.5 } else { -3.0 }, "it reads as words"));
            } else if form.wordy < 0.35 {
                evidence.push((0.7, "it does not read as words"));
            }
            if random_enough {
                evidence.push((0.9, "it mixes letters and digits"));
            } else if !form.digit {
                evidence.push((-1.2, "it has no digit"));
            } else if !form.lower && !form.upper {
                evidence.push((-2.5, "it is only digits"));
            }
            if form.lower && form.upper && form.digit && form.wordy < 0.5 {
                evidence.push((0.5, "it mixes cases"));
            }
            let enough = match value.len() {
                0..8 => (-1.8, "it is short"),
                8..16 => (-0.6, "it is rather short"),
                16..32 => (0.4, "it is as long as a key"),
                _ => (0.8, "it is as long as a key"),
            };
            evidence.push(enough);
            if form.entropy < 2.8 {
                evidence.push((-1.2, "few characters make it up"));
            }
            if value.iter().all(u8::is_ascii_hexdigit) {
                let short = value.len() < 24;
                evidence.push((
                    if meaning == Meaning::Weak {
                        -1.6
                    } else if short {
                        -0.9
                    } else {
                        -0.2
                    },
                    "it may be a hash",
                ));
            }
            if is_uuid(value) {
                evidence.push((if meaning == Meaning::Weak { -2.5 } else { -0.8 }, "it is a UUID"));
            }
            if is_names_joined(value) {
                evidence.push((-2.5, "it looks like a name"));
            }
        }
    }
    Some(evidence)
}

/// A template, or what is encrypted for a tool that fills it in.
fn is_filled_in(value: &[u8]) -> bool {
    let holds = |text: &[u8]| value.windows(text.len()).any(|window| window == text);
    let (first, last) = (value[0], value[value.len() - 1]);
    let encloses = matches!((first, last), (b'{', b'}') | (b'<', b'>') | (b'[', b']'));
    encloses || holds(b"${") || holds(b"{{") || holds(b"<%=") || value.starts_with(b"ENC[") || value.starts_with(b"ENC(")
}

/// Whether a name says that its value is made up: `EXAMPLE_SALT`, `dummyToken`.
fn holds_example(name: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[b"example", b"dummy", b"sample", b"fake", b"mock", b"placeholder"];
    WORDS.iter().any(|word| name.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word)))
}

/// A variable, a template, a call: what is filled in elsewhere.
fn is_reference(value: &[u8]) -> bool {
    let holds = |text: &[u8]| value.windows(text.len()).any(|window| window == text);
    let first = value[0];
    let last = value[value.len() - 1];
    (first == b'$'
        && value[1..].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':'))
        && value.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_'))
        || holds(b"$(")
        || holds(b"}}")
        || holds(b"#{")
        || holds(b"<%")
        || holds(b"%(")
        || is_format(value)
        || holds(b"{}")
        || first == b'%' && last == b'%'
        || first == b'@' && last == b'@'
        || holds(b"\\x")
        || holds(b"\\0")
        || holds(b"\\u")
        || value.starts_with(b"pk.")
        // A tag of YAML, such as `!vault`; a password may begin so, too.
        || first == b'!' && value[1..].iter().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'))
        || value.starts_with(b"enc:")
        || value.starts_with(b"vault:")
        || value.starts_with(b"op://")
        || value.starts_with(b"arn:")
        || value.starts_with(b"projects/")
        || value.starts_with(b"ssm:")
        || value.starts_with(b"env.")
        || value.starts_with(b"env:")
}

/// Whether it holds a place that printf fills: `%s`, `%d`.
fn is_format(value: &[u8]) -> bool {
    let place = |at: usize| {
        matches!(value.get(at + 1), Some(b's' | b'd' | b'x' | b'v')) && value.get(at + 2).is_none_or(|next| !next.is_ascii_alphanumeric())
    };
    value.iter().enumerate().any(|(at, byte)| *byte == b'%' && place(at))
}

/// What only programs write.
fn is_code(value: &[u8]) -> bool {
    let holds = |text: &[u8]| value.windows(text.len()).any(|window| window == text);
    holds(b"()")
        || value.contains(&b'|') && words::share(value) > 0.5
        || holds(b"->")
        || holds(b"::")
        || holds(b"=>")
        || holds(b"&&")
        || holds(b"||")
        || holds(b" = ")
        || holds(b"==") && !value.ends_with(b"==")
        || holds(b"](")
        || holds(b"](")
        || holds(b"</")
        || value.ends_with(b"(")
        || value.ends_with(b"{")
        || value.ends_with(b"[")
        || value.starts_with(b"#[")
        || value.starts_with(b"//")
        || value.ends_with(b";") && value.contains(&b'(')
        || value.iter().all(|byte| !byte.is_ascii_alphanumeric())
        || value.contains(&b'(') && value.contains(&b')')
        || matches!(
            value,
            b"true"
                | b"false"
                | b"null"
                | b"none"
                | b"None"
                | b"True"
                | b"False"
                | b"nil"
                | b"NULL"
                | b"undefined"
                | b"yes"
                | b"required"
                | b"optional"
                | b"string"
                | b"String"
        )
        || value.starts_with(b"^") && value.ends_with(b"$")
        || value.starts_with(b"process.env")
        || value.starts_with(b"os.environ")
        || value.starts_with(b"System.")
        || value.starts_with(b"self.")
        || value.starts_with(b"this.")
        || value.starts_with(b"req.")
        || value.starts_with(b"config.")
        || value.starts_with(b"secrets.")
}

/// A regular expression.
fn is_pattern(value: &[u8]) -> bool {
    const MARKS: &[&[u8]] = &[b"(?", b"[a-z", b"[A-Z", b"[0-9", b"[^", b"\\d", b"\\s", b"\\w", b"\\b", b".*", b".+", b"]{", b"]+", b"]*"];
    MARKS.iter().any(|mark| value.windows(mark.len()).any(|window| window == *mark))
}

/// Whether it is made of the same letters as its name, but for case and separators.
fn repeats_name(name: &[u8], value: &[u8]) -> bool {
    let letters = |text: &[u8]| -> Vec<u8> { text.iter().filter(|byte| byte.is_ascii_alphabetic()).map(u8::to_ascii_lowercase).collect() };
    let (name, value_letters) = (letters(name), letters(value));
    if value_letters.is_empty() || value_letters.len() * 2 < value.len() {
        return false;
    }
    let holds = |long: &[u8], short: &[u8]| short.len() >= 3 && long.windows(short.len()).any(|window| window == short);
    const NAMES: &[&[u8]] = &[
        b"password",
        b"passwd",
        b"passphrase",
        b"secret",
        b"token",
        b"apikey",
        b"credential",
        b"accesskey",
        b"username",
        b"pwd",
        // What a translation calls a password.
        b"passwort",
        b"kennwort",
        b"motdepasse",
        b"contrasena",
        b"wachtwoord",
        b"adgangskode",
        b"salasana",
    ];
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let special = value.iter().any(|byte| b"!@#%^&*$".contains(byte));
    holds(&name, &value_letters)
        || NAMES.iter().any(|word| holds(&value_letters, word))
            && !special
            && (digits < 3 || value.contains(&b'_') || value.contains(&b'-'))
}

fn is_path_or_url(value: &[u8]) -> bool {
    let holds = |text: &[u8]| value.windows(text.len()).any(|window| window == text);
    holds(b"://")
        || value.starts_with(b"/") && value[1..].contains(&b'/')
        || value.starts_with(b"./")
        || value.starts_with(b"../")
        || value.starts_with(b"~/")
        || value.starts_with(b"C:\\")
        || holds(b":\\")
        || [
            &b".json"[..],
            b".yml",
            b".yaml",
            b".pem",
            b".key",
            b".txt",
            b".html",
            b".js",
            b".py",
            b".crt",
            b".com",
            b".org",
            b".net",
            b".io",
            b".xml",
            b".conf",
            b".go",
            b".rb",
            b".java",
            b".ts",
            b".php",
            b".der",
            b".pub",
            b".png",
            b".svg",
            b".jks",
            b".p12",
        ]
        .iter()
        .any(|end| value.ends_with(end))
        || value.iter().filter(|byte| **byte == b'/').count() >= 2 && words::share(value) > 0.5
}

/// `com.example.Name`, `settings.auth.token_name`.
fn is_dotted_name(value: &[u8]) -> bool {
    value.contains(&b'.')
        && value.split(|byte| *byte == b'.').all(|part| {
            part.len() > 1
                && part[0].is_ascii_alphabetic()
                && part.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        })
        && words::share(value) > 0.5
}

/// `refresh-token-name`, `AUTH_HEADER_V2`, `some_field_1`.
fn is_names_joined(value: &[u8]) -> bool {
    let parts: Vec<_> = value.split(|byte| matches!(byte, b'-' | b'_' | b'.' | b':' | b'/')).collect();
    parts.len() >= 2
        && words::share(value) > 0.45
        && parts.iter().all(|part| {
            part.iter().all(u8::is_ascii_digit) || part.iter().filter(|byte| byte.is_ascii_digit()).count() <= 2 && part.len() <= 16
        })
}

/// A text of which a third or more is `%XX`.
fn is_percent_encoded(value: &[u8]) -> bool {
    let escapes =
        value.windows(3).filter(|window| window[0] == b'%' && window[1].is_ascii_hexdigit() && window[2].is_ascii_hexdigit()).count();
    escapes * 9 >= value.len()
}

fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
}
