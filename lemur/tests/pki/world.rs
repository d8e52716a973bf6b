//! Authorities in memory, and a folder where the tools of others look at what they made.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use lemur::certificate::{AuthorityTemplate, Issuer, Places, Serial, ToBeSigned, Validity, View, write_certificate};
use lemur::name::{NameConstraints, San, Subject};
use lemur::profile::{Ask, Period, Profile};
use menagerie_sign::{KeyType, LocalSigner, PublicKey, RsaHash, Signer};
use menagerie_tests::process;

pub(crate) const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Now, as the clock of the tools says, in whole seconds.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).unwrap()
}

/// A serial number that was not used yet.
pub(crate) fn serial() -> Serial {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    Serial::from_random(random)
}

pub(crate) fn key(kind: KeyType) -> LocalSigner {
    LocalSigner::generate(kind).unwrap().with_rsa_hash(RsaHash::Sha256)
}

/// An authority with its key at hand.
pub(crate) struct Ca {
    pub(crate) key: LocalSigner,
    pub(crate) certificate: View,
    pub(crate) issuer: Issuer,
}

pub(crate) fn subject(common_name: &str) -> Subject {
    use lemur::name::SubjectField::{Country, Organization};
    Subject::of_common_name(common_name).unwrap().with(Country, "NL").unwrap().with(Organization, "Zoö & Söhne").unwrap()
}

impl Ca {
    pub(crate) fn root(kind: KeyType) -> Self {
        Self::root_with(key(kind))
    }

    pub(crate) fn root_with(key: LocalSigner) -> Self {
        let validity = Validity::lasting(now() - Duration::from_secs(3600), 10 * YEAR).unwrap();
        let template = AuthorityTemplate::new(&subject("Root of a test"), key.public_key(), validity).unwrap();
        let signed = template.root(&serial(), key.algorithm()).unwrap();
        let certificate = View::parse(&signed.certificate(&key.sign_now(signed.as_der()).unwrap()).unwrap()).unwrap();
        Self::new(key, certificate)
    }

    fn new(key: LocalSigner, certificate: View) -> Self {
        let issuer = Issuer::new(&certificate).unwrap();
        issuer.check_signature(&certificate).ok();
        Self { key, certificate, issuer }
    }

    /// Signs, and checks what was signed.
    pub(crate) fn sign(&self, to_be_signed: &ToBeSigned) -> View {
        let signature = self.key.sign_now(to_be_signed.as_der()).unwrap();
        self.issuer.accept(to_be_signed, &to_be_signed.certificate(&signature).unwrap()).unwrap()
    }

    /// An authority below this one.
    pub(crate) fn intermediate(&self, name: &str, kind: KeyType, change: impl FnOnce(AuthorityTemplate) -> AuthorityTemplate) -> Self {
        let key = key(kind);
        let validity = Validity::lasting(now() - Duration::from_secs(1800), 5 * YEAR).unwrap();
        let template = change(AuthorityTemplate::new(&subject(name), key.public_key(), validity).unwrap());
        let signed = template.under(&self.issuer, &serial(), &places("root"), self.key.algorithm()).unwrap();
        let certificate = self.sign(&signed);
        Self::new(key, certificate)
    }

    /// A certificate of a built-in profile.
    pub(crate) fn leaf(&self, profile: &str, key: &PublicKey, subject: Subject, names: &[&str]) -> View {
        let names = names.iter().map(|name| San::guess(name).unwrap()).collect();
        let ask = Ask { public_key: key, subject, names, period: Period::Default };
        let template = Profile::built_in()[profile].admit(ask, &self.issuer, now()).unwrap();
        self.sign(&template.to_be_signed(&serial(), &places("shard-1"), self.key.algorithm()).unwrap())
    }
}

pub(crate) fn places(list: &str) -> Places {
    let uri = |text: &str| text.parse().unwrap();
    Places {
        ocsp: vec![uri("http://pki.example.com/ocsp")],
        issuers: vec![uri("http://pki.example.com/issuer.cer")],
        crl: vec![uri(&format!("http://pki.example.com/crl/{list}.crl"))],
    }
}

pub(crate) fn permitted_dns(names: &[&str]) -> NameConstraints {
    use lemur::name::Subtrees;
    NameConstraints::new(Subtrees::parse(names, &[], &[], &[]).unwrap(), Subtrees::default()).unwrap()
}

/// A folder, and the tools of others in it.
pub(crate) struct Folder(tempfile::TempDir);

/// What a tool did.
pub(crate) struct Said {
    pub(crate) ok: bool,
    /// What it printed, errors after the rest.
    pub(crate) text: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn put_certificates(&self, name: &str, views: &[&View]) {
        self.put(name, views.iter().map(|view| write_certificate(view.as_der())).collect::<String>());
    }

    /// Runs a tool; its arguments are separated by blanks.
    pub(crate) fn run(&self, line: &str) -> Said {
        self.run_words(&line.split(' ').collect::<Vec<_>>())
    }

    pub(crate) fn run_words(&self, words: &[&str]) -> Said {
        let output = process::command(words[0]).args(&words[1..]).current_dir(self.0.path()).output().unwrap();
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Said { ok: output.status.success(), text }
    }

    /// Runs a tool that must succeed, and gives what it printed.
    pub(crate) fn tool(&self, line: &str) -> String {
        let said = self.run(line);
        assert!(said.ok, "{line}: {}", said.text);
        said.text
    }
}
