//! HTML character references in names: a sign that a form's text went into a certificate without being read.

/// References that browsers also take without a semicolon.
const BARE: &str = "AElig AMP Aacute Acirc Agrave Aring Atilde Auml COPY Ccedil ETH Eacute Ecirc Egrave Euml GT Iacute Icirc Igrave Iuml \
    LT Ntilde Oacute Ocirc Ograve Oslash Otilde Ouml QUOT REG THORN Uacute Ucirc Ugrave Uuml Yacute aacute acirc acute \
    aelig agrave amp aring atilde auml brvbar ccedil cedil cent copy curren deg divide eacute ecirc egrave eth euml frac12 \
    frac14 frac34 gt iacute icirc iexcl igrave iquest iuml laquo lt macr micro middot nbsp not ntilde oacute ocirc ograve \
    ordf ordm oslash otilde ouml para plusmn pound quot raquo reg sect shy sup1 sup2 sup3 szlig thorn times uacute ucirc \
    ugrave uml uuml yacute yen yuml";

/// Whether a text has a character reference that HTML would replace.
pub(super) fn has_reference(text: &str) -> bool {
    text.match_indices('&').any(|(at, _)| starts_reference(&text[at + 1..]))
}

fn starts_reference(text: &str) -> bool {
    if let Some(number) = text.strip_prefix('#') {
        let (digits, is_digit): (&str, fn(char) -> bool) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, |c| c.is_ascii_hexdigit()),
            None => (number, |c| c.is_ascii_digit()),
        };
        return digits.starts_with(is_digit);
    }
    let name = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let closed =
        (2..=32).contains(&name.len()) && text[name.len()..].starts_with(';') && name.starts_with(|c: char| c.is_ascii_alphabetic());
    closed || BARE.split(' ').any(|bare| name.starts_with(bare))
}

#[cfg(test)]
mod tests {
    use super::has_reference;

    #[test]
    fn references_are_found_and_companies_are_not() {
        for with in ["Smith &amp; Sons", "Smith &amp Sons", "a&#39;b", "a&#x27;b", "caf&eacute;", "&copyright"] {
            assert!(has_reference(with), "{with}");
        }
        for without in ["AT&T", "R&D; Ltd", "Smith & Sons", "a&b;", "#39;", "&#;", "&"] {
            assert!(!has_reference(without), "{without}");
        }
    }
}
