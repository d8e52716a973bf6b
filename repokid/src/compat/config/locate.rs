//! Where the configuration is looked for: where Repokid looks for it, in its order.

use std::path::{Path, PathBuf};

use menagerie_config::Environment;

use super::error::ConfigError;

const LOCATION: &str = "REPOKID_CONFIG_LOCATION";
const NAME: &str = "config.json";
const SYSTEM: [&str; 2] = ["/etc/repokid", "/apps/repokid"];

/// The files that may be the configuration when run in `folder`, the first first.
#[must_use]
pub fn candidates(environment: &dyn Environment, folder: &Path) -> Vec<PathBuf> {
    let named = environment.var(LOCATION).filter(|path| !path.is_empty()).map(PathBuf::from);
    let folders = std::iter::once(folder).chain(SYSTEM.map(Path::new)).map(|folder| folder.join(NAME));
    named.into_iter().chain(folders).collect()
}

/// The configuration when run in `folder`: the first that is there, or none. The variable may name its folder as well.
///
/// # Errors
/// [`ConfigError::NotThere`] if the environment names one that is not there: to take another then would be to do what nobody asked for.
pub fn find(environment: &dyn Environment, folder: &Path) -> Result<Option<PathBuf>, ConfigError> {
    if let Some(path) = environment.var(LOCATION).filter(|path| !path.is_empty()).map(PathBuf::from) {
        let path = if path.is_dir() { path.join(NAME) } else { path };
        return if path.is_file() { Ok(Some(path)) } else { Err(ConfigError::NotThere { path }) };
    }
    Ok(candidates(environment, folder).into_iter().find(|path| path.is_file()))
}

#[cfg(test)]
mod tests {
    use menagerie_config::MapEnvironment;

    use super::*;

    #[test]
    fn repokids_places_in_repokids_order() {
        let environment = MapEnvironment::from_iter([(LOCATION, "/srv/repokid.json")]);
        let places = ["/srv/repokid.json", "/home/ada/config.json", "/etc/repokid/config.json", "/apps/repokid/config.json"];
        assert_eq!(candidates(&environment, Path::new("/home/ada")), places.map(PathBuf::from));
    }

    #[test]
    fn what_the_environment_names_must_be_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let here = folder.path().join(NAME);
        std::fs::write(&here, "{}").expect("is written");
        assert_eq!(find(&MapEnvironment::default(), folder.path()).expect("looks"), Some(here.clone()));
        let named = |path: &Path| MapEnvironment::from_iter([(LOCATION, path.to_str().expect("text"))]);
        assert_eq!(find(&named(folder.path()), Path::new("/")).expect("looks"), Some(here), "a folder will do");
        let missing = find(&named(&folder.path().join("other.json")), folder.path());
        assert!(matches!(missing, Err(ConfigError::NotThere { .. })), "another configuration is not taken instead: {missing:?}");
    }
}
