//! `NOREPO`: a statement whose `Sid` begins so is never rewritten. Its writer knows what usage does not show.
//!
//! Repokid wants capitals. Here any case will do: who wrote `NoRepo` meant it.

const MARK: &str = "NOREPO";

/// Whether a statement with this `Sid` is to be left as it is.
#[must_use]
pub fn keeps(sid: Option<&str>) -> bool {
    sid.and_then(|sid| sid.get(..MARK.len())).is_some_and(|head| head.eq_ignore_ascii_case(MARK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_at_the_beginning() {
        for sid in ["NOREPO", "NOREPOYearEnd", "NoRepo1"] {
            assert!(keeps(Some(sid)), "{sid}");
        }
        for sid in [None, Some(""), Some("NOREP"), Some("MyNOREPO"), Some("NOREPé")] {
            assert!(!keeps(sid), "{sid:?}");
        }
    }
}
