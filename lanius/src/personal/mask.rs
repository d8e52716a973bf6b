//! How a value is shown: enough to know it again, not enough to use it. Letters and digits become stars except a few at the end; separators
//! stay, so that the reader sees how it was written.

use super::detector::Kind;

/// The value with its middle hidden.
#[must_use]
pub fn masked(kind: Kind, value: &[u8]) -> String {
    match kind {
        Kind::Email => email(value),
        Kind::Card => stars(value, 0, 4),
        Kind::Iban => stars(value, 2, 4),
        Kind::Telephone => stars(value, 0, 2),
        Kind::National => stars(value, 0, 2),
        Kind::TravelDocument => stars(value, 0, 0),
    }
}

/// Hides letters and digits but the first and the last few; of a short value nothing stays but what is a quarter of it.
fn stars(value: &[u8], first: usize, last: usize) -> String {
    let signs = value.iter().filter(|byte| is_sign(**byte)).count();
    let (first, last) = if first + last > signs / 2 { (0, signs / 4) } else { (first, last) };
    let mut seen = 0;
    let mut shown = String::with_capacity(value.len());
    for byte in value {
        if is_sign(*byte) {
            seen += 1;
            shown.push(if seen <= first || seen > signs - last { char::from(*byte) } else { '*' });
        } else if byte.is_ascii_graphic() || *byte == b' ' {
            shown.push(char::from(*byte));
        } else {
            shown.push('*');
        }
    }
    shown
}

const fn is_sign(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// `a***@d***.com`.
fn email(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let Some((local, domain)) = text.rsplit_once('@') else { return "***".to_owned() };
    let (name, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
    let head = |part: &str| part.chars().next().map_or_else(String::new, |first| format!("{first}***"));
    format!("{}@{}.{top}", head(local), head(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_form_and_little_else() {
        for (kind, value, shown) in [
            (Kind::Card, "4539 5787 6362 1486", "**** **** **** 1486"),
            (Kind::Iban, "DE89 3704 0044 0532 0130 00", "DE** **** **** **** **30 00"),
            (Kind::National, "078-05-1120", "***-**-**20"),
            (Kind::National, "12", "**"),
            (Kind::Telephone, "+49 30 901820", "+** ** ****20"),
            (Kind::Email, "anna.maria@posteo.de", "a***@p***.de"),
            (Kind::Email, "nothing", "***"),
            (Kind::TravelDocument, "L898902C36UTO\n<", "**************<"),
        ] {
            assert_eq!(masked(kind, value.as_bytes()), shown);
        }
    }
}
