//! `bless ca`: a certificate authority on this machine, and the public key of any.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menagerie_config::Environment;
use menagerie_report::{Exit, note, warning};
use menagerie_secret::Secret;
use menagerie_sign::{LocalSigner, Signer as _, ssh};

use super::service;
use crate::authority::AuthoritySource;
use crate::cli::{CaInit, CaPublicKey, KeyType};
use crate::config::{self, TEMPLATE};
use crate::issue::AwsClients;
use crate::login;
use crate::request::UsernameRules;
use crate::subject_key::fingerprint_sha256;

/// Passphrases shorter than this get a warning.
const SHORT_PASSPHRASE: usize = 12;

/// The files that are made, in this order: the configuration last, so that a run that was broken off leaves no usable half.
const FILES: [&str; 4] = ["ca_key", "ca_key.pub", "token", "bless.toml"];

/// Makes the directory, an encrypted key, a token and a configuration. Nothing that is there is touched.
///
/// # Errors
/// A directory that cannot be written, a file that is there, no passphrase.
pub fn init(args: &CaInit, environment: &dyn Environment) -> anyhow::Result<Exit> {
    let dir = &args.dir;
    let found = look(dir)?;
    let user = match &args.user {
        Some(user) => user.clone(),
        None => login::login_name(environment).context("your login name is not known: give --user")?,
    };
    UsernameRules::default().check(&user).with_context(|| format!("--user {user:?}"))?;
    let passphrase = new_passphrase(args, environment)?;
    prepare(dir, found)?;

    let key_type = match args.key_type {
        KeyType::Ed25519 => menagerie_sign::KeyType::Ed25519,
        KeyType::EcdsaP256 => menagerie_sign::KeyType::EcdsaP256,
        KeyType::EcdsaP384 => menagerie_sign::KeyType::EcdsaP384,
        KeyType::Rsa4096 => menagerie_sign::KeyType::Rsa4096,
    };
    let signer = LocalSigner::generate(key_type)?;
    let private = signer.to_openssh(&passphrase, "bless CA")?;
    let public = ssh::public_key_line(signer.public_key(), "bless CA");
    let mut random = zeroize::Zeroizing::new([0_u8; 32]);
    aws_lc_rs::rand::fill(random.as_mut()).map_err(|_| crate::issue::NoRandomness)?;
    let token = Secret::new(URL_SAFE_NO_PAD.encode(*random));

    create(dir, FILES[0], private.expose().as_bytes(), 0o600)?;
    create(dir, FILES[1], format!("{public}\n").as_bytes(), 0o644)?;
    create(dir, FILES[2], token.expose().as_bytes(), 0o600)?;
    create(dir, FILES[3], configuration(&user).as_bytes(), 0o600)?;

    let config = dir.join("bless.toml");
    menagerie_report::data(format_args!("{public}\n"))?;
    note(format_args!("made a CA in {}: {}", dir.display(), fingerprint_sha256(&ssh::public_key_blob(signer.public_key()))));
    note("the line above is its public key. Hosts trust it by this line in sshd_config:");
    note("    TrustedUserCAKeys /etc/ssh/user_ca.pub");
    let passphrase = args.passphrase_file.as_ref().map(|path| format!(" --passphrase-file {}", path.display())).unwrap_or_default();
    note(format_args!("start the service with:  bless serve --config {}{passphrase}", config.display()));
    note(format_args!("get a certificate with:  bless get --config {}", config.display()));
    Ok(Exit::Fine)
}

/// Prints the public key of the configuration's CA, wherever that is, as `TrustedUserCAKeys` wants it.
///
/// # Errors
/// A configuration or a CA key that cannot be used.
pub fn public_key(args: &CaPublicKey, environment: &dyn Environment) -> anyhow::Result<Exit> {
    let settings = config::load(&args.config, environment)?;
    let passphrase = service::passphrase(args.passphrase_file.as_deref(), &settings.ca, environment)?;
    let source = AuthoritySource::new(settings.ca, passphrase);
    let authority = service::runtime()?.block_on(async { source.load(&AwsClients::new(settings.aws)).await })?;
    menagerie_report::data(format_args!("{}\n", ssh::public_key_line(authority.public_key(), "bless CA")))?;
    Ok(Exit::Fine)
}

fn configuration(user: &str) -> String {
    let uid = login::uid().unwrap_or(0);
    TEMPLATE
        .replace("{uid}", &uid.to_string())
        .replace("user = \"{user}\"", &format!("user = {user:?}"))
        .replace("[\"{user}\"]", &format!("[{user:?}]"))
}

fn new_passphrase(args: &CaInit, environment: &dyn Environment) -> anyhow::Result<Secret<Vec<u8>>> {
    let passphrase = match service::given_passphrase(args.passphrase_file.as_deref(), environment)? {
        Some(passphrase) => passphrase,
        None if std::io::stderr().is_terminal() => {
            let ask = |prompt: &str| rpassword::prompt_password(prompt).context("no passphrase could be read from the terminal");
            let first = Secret::new(ask("New passphrase for the CA's key: ")?);
            let again = Secret::new(ask("The same again: ")?);
            anyhow::ensure!(first.ct_eq(again.expose().as_bytes()), "the two passphrases differ");
            Secret::new(first.expose().clone().into_bytes())
        }
        None => anyhow::bail!("no passphrase for the CA's key: give --passphrase-file or BLESS_CA_PASSPHRASE"),
    };
    anyhow::ensure!(!passphrase.expose().is_empty(), "the passphrase is empty: the CA's key would not be encrypted");
    if passphrase.expose().len() < SHORT_PASSPHRASE {
        warning(format_args!("the passphrase has fewer than {SHORT_PASSPHRASE} characters: whoever copies the key file can try them all"));
    }
    Ok(passphrase)
}

/// What is to be done to the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directory {
    /// It is to be made.
    New,
    /// It is there, and its owner's alone.
    Private,
    /// It is there, empty, and open to others.
    #[cfg_attr(not(unix), expect(dead_code, reason = "modes are Unix's"))]
    Open,
}

/// Looks at what is there before anything is asked or made: no file of ours, also no link in the place of one, and no directory that
/// others have a say in.
fn look(dir: &Path) -> anyhow::Result<Directory> {
    let metadata = match std::fs::metadata(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            anyhow::ensure!(dir.symlink_metadata().is_err(), "{} is a symbolic link to nothing: name a directory", dir.display());
            return Ok(Directory::New);
        }
        found => found.with_context(|| format!("cannot look at {}", dir.display()))?,
    };
    anyhow::ensure!(metadata.is_dir(), "{} is no directory", dir.display());
    for name in FILES {
        let path = dir.join(name);
        match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(anyhow::Error::new(error).context(format!("cannot look at {}", path.display()))),
            Ok(_) => anyhow::bail!("{} is there; `bless ca init` changes no authority: name another directory", path.display()),
        }
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            let empty = std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?.next().is_none();
            // Who chose that mode for other things in it is not overruled.
            anyhow::ensure!(
                empty,
                "{} is open to others (mode {mode:o}) and not empty: name another directory, or `chmod 700` it",
                dir.display()
            );
            return Ok(Directory::Open);
        }
    }
    Ok(Directory::Private)
}

/// Makes the directory, or closes it to others.
fn prepare(dir: &Path, found: Directory) -> anyhow::Result<()> {
    match found {
        Directory::Private => Ok(()),
        Directory::New => {
            let made = || format!("cannot make {}", dir.display());
            if let Some(parent) = dir.parent() {
                std::fs::create_dir_all(parent).with_context(made)?;
            }
            #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix's"))]
            let mut builder = std::fs::DirBuilder::new();
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(dir).with_context(made)
        }
        Directory::Open => {
            #[cfg(unix)]
            {
                let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
                std::fs::set_permissions(dir, private).with_context(|| format!("cannot close {} to others", dir.display()))?;
                note(format_args!("note: {} was open to others; its mode is 700 now", dir.display()));
            }
            Ok(())
        }
    }
}

/// Writes a new file whole: under another name, durable, then linked to its own, which fails if that is taken.
fn create(dir: &Path, name: &str, content: &[u8], mode: u32) -> anyhow::Result<()> {
    let path = dir.join(name);
    let failed = || format!("cannot write {}", path.display());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bless-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = builder.tempfile_in(dir).with_context(failed)?;
    file.write_all(content).with_context(failed)?;
    file.as_file().sync_all().with_context(failed)?;
    file.persist_noclobber(&path).map_err(|error| error.error).with_context(failed)?;
    #[cfg(unix)]
    std::fs::File::open(dir).and_then(|dir| dir.sync_all()).with_context(failed)?;
    Ok(())
}
