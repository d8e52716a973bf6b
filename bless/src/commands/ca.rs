//! `bless ca init`: a certificate authority on this machine.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menagerie_config::Environment;
use menagerie_report::{Exit, note, warning};
use menagerie_secret::Secret;
use menagerie_sign::{LocalSigner, Signer as _, ssh};

use super::service;
use crate::cli::{CaInit, KeyType};
use crate::config::TEMPLATE;
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
    for name in FILES {
        anyhow::ensure!(
            !dir.join(name).exists(),
            "{} is there; `bless ca init` changes no authority: name another directory",
            dir.join(name).display()
        );
    }
    let user = match &args.user {
        Some(user) => user.clone(),
        None => login::login_name(environment).context("your login name is not known: give --user")?,
    };
    UsernameRules::default().check(&user).with_context(|| format!("--user {user:?}"))?;
    let passphrase = new_passphrase(args, environment)?;
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    private_directory(dir)?;

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

fn private_directory(dir: &Path) -> anyhow::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let empty = std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?.next().is_none();
        // A directory that holds other things keeps the mode that somebody chose for them.
        if empty {
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
                .with_context(|| format!("cannot protect {}", dir.display()))?;
        }
    }
    Ok(())
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
