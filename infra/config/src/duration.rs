//! Spans of time as OpenSSH writes them (sshd_config(5), TIME FORMATS): `90`, `15m`, `1h30m`, `2w`.

/// Why a text is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no span of time: write seconds, or numbers with s, m, h, d or w, such as 90, 15m or 1h30m")]
pub struct DurationError(pub String);

/// The number of seconds that `text` says.
///
/// # Errors
/// [`DurationError`] for anything else, and for what does not fit.
pub fn parse_seconds(text: &str) -> Result<u64, DurationError> {
    let bad = || DurationError(text.to_owned());
    let mut total = 0_u64;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(bad()),
        };
        let count: u64 = digits.parse().map_err(|_| bad())?;
        digits.clear();
        total = count.checked_mul(unit).and_then(|seconds| total.checked_add(seconds)).ok_or_else(bad)?;
    }
    if !digits.is_empty() {
        total = digits.parse().ok().and_then(|seconds: u64| total.checked_add(seconds)).ok_or_else(bad)?;
    } else if text.is_empty() {
        return Err(bad());
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, seconds) in [("0", 0), ("90", 90), ("15m", 900), ("1h30m", 5_400), ("2W", 1_209_600), ("1d1", 86_401)] {
            assert_eq!(parse_seconds(text), Ok(seconds), "{text}");
        }
        for text in ["", "h", "1y", "-1", "1.5h", " 1", "99999999999999999999", "99999999999999999w"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
    }
}
