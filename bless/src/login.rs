//! The name of whoever runs this process.

use menagerie_config::Environment;

/// The login name: the environment's, else, as in a container that has none, the user database's for this process's uid.
#[must_use]
pub fn login_name(environment: &dyn Environment) -> Option<String> {
    let named = ["LOGNAME", "USER", "USERNAME"].iter().find_map(|name| environment.var(name).filter(|value| !value.is_empty()));
    named.or_else(|| name_of(uid()?))
}

/// This process's uid.
#[cfg(unix)]
#[must_use]
pub fn uid() -> Option<u32> {
    Some(rustix::process::getuid().as_raw())
}

/// There are no uids here.
#[cfg(not(unix))]
#[must_use]
pub fn uid() -> Option<u32> {
    None
}

fn name_of(uid: u32) -> Option<String> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    })
}
