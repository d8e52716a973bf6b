//! The INI dialect of Python's `RawConfigParser`, which BLESS's file is read with: options in any case, `=` or `:`, whole-line
//! comments with `#` or `;`, values that go on in indented lines, a `[DEFAULT]` section, and no option or section twice.

use std::collections::BTreeMap;

/// Where and why a text is no INI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct IniError {
    /// Counted from one.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

/// Sections with their options, names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ini {
    sections: BTreeMap<String, BTreeMap<String, String>>,
}

impl Ini {
    /// Reads a file's text.
    ///
    /// # Errors
    /// [`IniError`] for the first line that does not fit.
    pub fn parse(text: &str) -> Result<Self, IniError> {
        let mut ini = Self::default();
        let mut section: Option<String> = None;
        let mut option: Option<String> = None;
        for (number, raw) in text.lines().enumerate() {
            let at = |reason: String| IniError { line: number + 1, reason };
            let line = raw.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            let indented = raw.starts_with([' ', '\t']);
            if indented && let (Some(section), Some(option)) = (&section, &option) {
                if let Some(value) = ini.sections.get_mut(section).and_then(|options| options.get_mut(option)) {
                    value.push('\n');
                    value.push_str(line);
                }
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let name = rest.strip_suffix(']').ok_or_else(|| at("a section is [Name]".to_owned()))?;
                if ini.sections.insert(name.to_owned(), BTreeMap::new()).is_some() {
                    return Err(at(format!("section [{name}] is there twice")));
                }
                (section, option) = (Some(name.to_owned()), None);
                continue;
            }
            let name = section.clone().ok_or_else(|| at("an option before the first [section]".to_owned()))?;
            let (key, value) = line.split_once(['=', ':']).ok_or_else(|| at("an option is name = value".to_owned()))?;
            let key = key.trim().to_lowercase();
            if key.is_empty() {
                return Err(at("an option without a name".to_owned()));
            }
            let options = ini.sections.entry(name).or_default();
            if options.insert(key.clone(), value.trim().to_owned()).is_some() {
                return Err(at(format!("option {key:?} is there twice")));
            }
            option = Some(key);
        }
        Ok(ini)
    }

    /// The names of the sections, `DEFAULT` among them.
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.sections.keys().map(String::as_str)
    }

    /// The names of the options of a section itself.
    pub fn options(&self, section: &str) -> impl Iterator<Item = &str> {
        self.sections.get(section).into_iter().flat_map(|options| options.keys().map(String::as_str))
    }

    /// The value of an option, of the section or of `DEFAULT`.
    #[must_use]
    pub fn value(&self, section: &str, option: &str) -> Option<&str> {
        let of = |name: &str| self.sections.get(name).and_then(|options| options.get(option)).map(String::as_str);
        of(section).or_else(|| of("DEFAULT"))
    }
}
