//! CAs that are constrained to names (BR 7.1.2.5.2, 7.1.2.10.8).

use super::super::super::context::Context;
use super::super::super::definition::{Lint, Say, br};
use super::super::super::extensions::NameConstraints;
use super::super::super::general_name::GeneralName;
use super::super::super::registries;
use super::{CA, INTERMEDIATE, authorities};

pub(super) static LINTS: &[Lint] = &[
    Lint::error(
        "br-nc-complete",
        br("7.1.2.5.2"),
        "A constrained TLS CA is constrained in directory names, DNS names and both kinds of addresses.",
        complete,
    )
    .baseline(INTERMEDIATE)
    .since(2023, 9, 15),
    Lint::warning("br-nc-kind", br("7.1.2.10.8"), "Constraints are on DNS names, addresses and directory names.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            if !matches!(subtree.base, GeneralName::Dns(_) | GeneralName::Ip(_) | GeneralName::Directory(_)) {
                say(format!("there is a {}", subtree.base.kind()));
            }
        }
    })
    .baseline(CA)
    .since(2023, 9, 15),
    Lint::warning("br-nc-excluded-directory", br("7.1.2.10.8"), "Directory names are not excluded.", |c, say| {
        let excluded = c.extensions.name_constraints.iter().flat_map(|nc| &nc.value.excluded).flatten();
        for _ in excluded.filter(|subtree| matches!(subtree.base, GeneralName::Directory(_))) {
            say("a directoryName is excluded".to_owned());
        }
    })
    .baseline(CA)
    .since(2023, 9, 15),
    Lint::error("br-nc-internal-name", br("7.1.2.10.8"), "A permitted or excluded domain is one of the world.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            let (GeneralName::Dns(name) | GeneralName::Email(name) | GeneralName::Uri(name)) = subtree.base else { continue };
            let name = name.iter().position(|byte| *byte != b'.').map_or(&[][..], |start| &name[start..]);
            if !name.is_empty() && !registries::is_public(name) && !super::onion::is_onion(name) {
                say(format!("{} \"{}\"", subtree.base.kind(), name.escape_ascii()));
            }
        }
    })
    .baseline(CA),
];

/// Which kinds of names are constrained.
#[derive(Default)]
struct Covered {
    directory: bool,
    dns: bool,
    v4: bool,
    v6: bool,
}

impl Covered {
    fn add(&mut self, base: &GeneralName<'_>) {
        match base {
            GeneralName::Directory(_) => self.directory = true,
            GeneralName::Dns(_) => self.dns = true,
            GeneralName::Ip(range) if range.len() == 8 => self.v4 = true,
            GeneralName::Ip(_) => self.v6 = true,
            _ => {}
        }
    }
}

/// A kind is constrained where some of it is permitted, or all of it is excluded.
fn covered(constraints: &NameConstraints<'_>) -> Covered {
    let mut covered = Covered::default();
    constraints.permitted.iter().flatten().for_each(|subtree| covered.add(&subtree.base));
    for subtree in constraints.excluded.iter().flatten() {
        match &subtree.base {
            GeneralName::Dns([]) => covered.add(&subtree.base),
            GeneralName::Ip(range) if range.iter().all(|byte| *byte == 0) => covered.add(&subtree.base),
            _ => {}
        }
    }
    covered
}

fn complete(c: &Context<'_>, say: &mut Say<'_>) {
    let Some(constraints) = c.extensions.name_constraints.as_ref().filter(|_| authorities::serves_tls(c)) else { return };
    let covered = covered(&constraints.value);
    let kinds = [
        (covered.directory, "directory names"),
        (covered.dns, "DNS names"),
        (covered.v4, "IPv4 addresses"),
        (covered.v6, "IPv6 addresses"),
    ];
    for (_, kind) in kinds.into_iter().filter(|(covered, _)| !covered) {
        say(format!("{kind} are not constrained"));
    }
}
