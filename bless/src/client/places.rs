//! Where a user's caches and settings lie: the XDG base directories on Unix, the platform's own on macOS and Windows.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use menagerie_config::Environment;

/// The directories of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// The home directory, if there is one.
    pub home: Option<PathBuf>,
    /// Where caches go; the client's own lies in `bless` below it.
    pub cache: Option<PathBuf>,
    /// Where settings are; the client's own are in `bless/client.toml` below it.
    pub config: Option<PathBuf>,
}

impl Places {
    /// Finds them from the environment and, where it says nothing, from the system.
    #[must_use]
    pub fn find(env: &dyn Environment) -> Self {
        let absolute = |name: &str| env.var(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME").or_else(|| absolute("USERPROFILE"));
        let xdg = cfg!(unix) && !cfg!(target_os = "macos");
        let below_home = |directory: &str| home.as_deref().filter(|_| xdg).map(|home| home.join(directory));
        let system = || (!xdg).then(|| etcetera::base_strategy::choose_native_strategy().ok()).flatten();
        Self {
            cache: absolute("XDG_CACHE_HOME").or_else(|| below_home(".cache")).or_else(|| system().map(|s| s.cache_dir())),
            config: absolute("XDG_CONFIG_HOME").or_else(|| below_home(".config")).or_else(|| system().map(|s| s.config_dir())),
            home,
        }
    }

    /// The settings that are read when no file is named.
    #[must_use]
    pub fn client_toml(&self) -> Option<PathBuf> {
        self.config.as_deref().map(|config| config.join("bless").join("client.toml"))
    }

    /// Where keys and certificates are kept unless told otherwise.
    #[must_use]
    pub fn bless_cache(&self) -> Option<PathBuf> {
        self.cache.as_deref().map(|cache| cache.join("bless"))
    }

    /// The home directory, if there is one.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use menagerie_config::MapEnvironment;

    use super::*;

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_base_directories() {
        let places = Places::find(&MapEnvironment::from_iter([("HOME", "/home/ada")]));
        assert_eq!(places.bless_cache(), Some("/home/ada/.cache/bless".into()));
        assert_eq!(places.client_toml(), Some("/home/ada/.config/bless/client.toml".into()));
        let env = MapEnvironment::from_iter([("HOME", "/home/ada"), ("XDG_CACHE_HOME", "/var/c"), ("XDG_CONFIG_HOME", "relative")]);
        let places = Places::find(&env);
        assert_eq!(places.bless_cache(), Some("/var/c/bless".into()));
        assert_eq!(places.client_toml(), Some("/home/ada/.config/bless/client.toml".into()));
    }
}
