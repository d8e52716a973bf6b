//! The options that fill the fields of REST: who typed `--days` knows nothing of `validityEnd`.

use std::borrow::Cow;

/// Fields, and the options that fill them or a part of them. Which of them a verb has is looked up.
const OPTIONS: &[(&str, &[&str])] = &[
    ("active", &["active"]),
    ("authority", &["authority"]),
    ("chain", &["chain"]),
    ("commonName", &["common-name"]),
    ("country", &["country"]),
    ("crlReason", &["reason"]),
    ("csr", &["csr"]),
    ("days", &["days"]),
    ("description", &["description"]),
    ("email", &["email"]),
    ("extensions.subAltNames", &["name"]),
    ("issuer", &["by"]),
    ("keyReference", &["key"]),
    ("keyType", &["key-type"]),
    ("nameConstraints", &["permit-dns", "permit-ip"]),
    ("names", &["name"]),
    ("organization", &["organization"]),
    ("owner", &["owner"]),
    ("parent", &["parent"]),
    ("password", &["password-file"]),
    ("pathLength", &["path-length"]),
    ("plugin.pluginOptions.passphrase", &["passphrase-file"]),
    ("plugin.pluginOptions.upstream", &["upstream"]),
    ("policies", &["policy"]),
    ("profile", &["profile"]),
    ("profiles", &["profile"]),
    ("role", &["role"]),
    ("roleNames", &["names"]),
    ("roles", &["role"]),
    ("ttl", &["days"]),
    ("validityDays", &["days"]),
    ("validityEnd", &["days"]),
    ("validityYears", &["days"]),
];

/// What a person typed to fill a field, of the options that there are; the field itself, if none of them does.
pub(super) fn filling<'a>(field: &'a str, options: &[String]) -> Cow<'a, str> {
    // What is wrong with the third item of a list is wrong with what fills the list.
    let mut part = Some(field);
    while let Some(name) = part {
        if let Some((_, fill)) = OPTIONS.iter().find(|(known, _)| *known == name) {
            let typed = fill.iter().filter(|fill| options.iter().any(|option| option == *fill));
            let typed: Vec<_> = typed.map(|option| format!("--{option}")).collect();
            return if typed.is_empty() { field.into() } else { typed.join(" or ").into() };
        }
        part = name.rsplit_once('.').map(|(above, _)| above);
    }
    field.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn a_field_is_told_by_the_option_that_the_verb_has_for_it() {
        let options = ["days", "permit-dns", "permit-ip", "names"].map(str::to_owned);
        for (field, wanted) in [
            ("validityEnd", "--days"),
            ("validityDays", "--days"),
            ("nameConstraints.permitted", "--permit-dns or --permit-ip"),
            ("roleNames.0", "--names"),
            ("owner", "owner"),
            ("lint.e_x", "lint.e_x"),
            ("validityEnds", "validityEnds"),
            ("", ""),
        ] {
            assert_eq!(filling(field, &options), wanted, "{field}");
        }
        assert_eq!(filling("validityEnd", &[]), "validityEnd");
    }

    /// An option that was renamed would be told of no more.
    #[test]
    fn every_option_is_one_of_some_verb() {
        fn all(command: &clap::Command, found: &mut Vec<String>) {
            found.extend(command.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned));
            command.get_subcommands().for_each(|verb| all(verb, found));
        }
        let mut found = Vec::new();
        all(&Cli::command(), &mut found);
        for option in OPTIONS.iter().flat_map(|(_, options)| *options) {
            assert!(found.iter().any(|found| found == option), "--{option}");
        }
    }
}
