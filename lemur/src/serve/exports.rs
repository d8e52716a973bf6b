//! The forms of export that need more than PEM, by the names that Lemur's clients know: PKCS#12 and Java's stores.

use std::sync::Arc;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use menagerie_secret::Secret;
use zeroize::Zeroizing;

use crate::engine::Engine;
use crate::export;
use crate::rest::{Export, ExportError, ExportOption, ExportRequest, Exported, Material};

/// How many random bytes a passphrase is made of; in letters it has twice as many.
const PASSPHRASE_BYTES: usize = 16;

const PASSPHRASE: ExportOption =
    ExportOption { name: "passphrase", about: "Encrypts the file; made if none is given", required: false, choices: &[] };
const ALIAS: ExportOption = ExportOption {
    name: "alias",
    about: "What the entry is called; the certificate's name if none is given",
    required: false,
    choices: &[],
};

/// Every form.
pub(super) fn all(engine: &Engine) -> Vec<Arc<dyn Export>> {
    let engine = engine.clone();
    vec![Arc::new(Pkcs12), Arc::new(JavaKeyStore { engine: engine.clone() }), Arc::new(JavaTrustStore { engine })]
}

struct Pkcs12;

impl Export for Pkcs12 {
    fn slug(&self) -> &'static str {
        "openssl-export"
    }

    fn title(&self) -> &'static str {
        "PKCS#12"
    }

    fn about(&self) -> &'static str {
        "Private key, certificate and chain in one encrypted file, as OpenSSL, browsers and Java read it"
    }

    fn takes_key(&self) -> bool {
        true
    }

    fn options(&self) -> &'static [ExportOption] {
        const TYPE: ExportOption = ExportOption { name: "type", about: "The kind of file", required: false, choices: &["PKCS12 (.p12)"] };
        const OPTIONS: &[ExportOption] = &[TYPE, PASSPHRASE, ALIAS];
        OPTIONS
    }

    fn export(&self, material: Material, request: ExportRequest) -> Result<Exported, ExportError> {
        let parts = Parts::of(&material, &request)?;
        written("p12", export::pkcs12(parts.material(&material)?, &parts.passphrase), parts.passphrase)
    }
}

struct JavaKeyStore {
    engine: Engine,
}

impl Export for JavaKeyStore {
    fn slug(&self) -> &'static str {
        "java-keystore-jks"
    }

    fn title(&self) -> &'static str {
        "Java key store"
    }

    fn about(&self) -> &'static str {
        "Private key, certificate and chain in Java's own format, for programs that read no PKCS#12"
    }

    fn takes_key(&self) -> bool {
        true
    }

    fn options(&self) -> &'static [ExportOption] {
        &[PASSPHRASE, ALIAS]
    }

    fn export(&self, material: Material, request: ExportRequest) -> Result<Exported, ExportError> {
        let parts = Parts::of(&material, &request)?;
        let mut salt = [0; 20];
        SystemRandom::new().fill(&mut salt).map_err(|_| ExportError::Write("the system gives no randomness".to_owned()))?;
        let store = export::key_store(parts.material(&material)?, &parts.passphrase, salt, millis(&self.engine));
        written("jks", store, parts.passphrase)
    }
}

struct JavaTrustStore {
    engine: Engine,
}

impl Export for JavaTrustStore {
    fn slug(&self) -> &'static str {
        "java-truststore-jks"
    }

    fn title(&self) -> &'static str {
        "Java trust store"
    }

    fn about(&self) -> &'static str {
        "The authorities above the certificate in Java's own format"
    }

    fn takes_key(&self) -> bool {
        false
    }

    fn options(&self) -> &'static [ExportOption] {
        &[PASSPHRASE, ALIAS]
    }

    fn export(&self, material: Material, request: ExportRequest) -> Result<Exported, ExportError> {
        let parts = Parts::of(&material, &request)?;
        let above = if material.chain.is_empty() { &parts.chain } else { &material.chain };
        let store = export::trust_store(&parts.alias, above, &parts.passphrase, millis(&self.engine));
        written("jks", store, parts.passphrase)
    }
}

fn millis(engine: &Engine) -> u64 {
    u64::try_from(engine.now().as_millisecond()).unwrap_or(0)
}

/// What every form needs.
struct Parts {
    alias: String,
    chain: Vec<Vec<u8>>,
    passphrase: Secret<String>,
}

impl Parts {
    fn of(material: &Material, request: &ExportRequest) -> Result<Self, ExportError> {
        let said = request.options.iter().find(|(name, value)| name == "alias" && !value.is_empty()).map(|(_, value)| value.clone());
        let mut chain = vec![material.certificate.clone()];
        chain.extend(material.chain.iter().cloned());
        let passphrase = match &request.passphrase {
            Some(text) if !text.is_empty() => Secret::new(text.to_string()),
            _ => made()?,
        };
        Ok(Self { alias: said.unwrap_or_else(|| material.name.clone()), chain, passphrase })
    }

    fn material<'a>(&'a self, material: &'a Material) -> Result<export::Material<'a>, ExportError> {
        let key = material.private_key.as_ref().ok_or(ExportError::Missing("private key"))?;
        Ok(export::Material { alias: &self.alias, chain: &self.chain, key })
    }
}

fn made() -> Result<Secret<String>, ExportError> {
    let mut bytes = Zeroizing::new([0; PASSPHRASE_BYTES]);
    SystemRandom::new().fill(bytes.as_mut_slice()).map_err(|_| ExportError::Write("the system gives no randomness".to_owned()))?;
    Ok(Secret::new(hex::encode(bytes.as_slice())))
}

fn written(
    extension: &'static str,
    store: Result<Secret<Vec<u8>>, export::ExportError>,
    passphrase: Secret<String>,
) -> Result<Exported, ExportError> {
    match store {
        Ok(store) => {
            let data = Zeroizing::new(store.expose().clone());
            Ok(Exported { extension, passphrase: Some(Zeroizing::new(passphrase.expose().clone())), data })
        }
        Err(error @ (export::ExportError::Passphrase | export::ExportError::Beyond)) => {
            Err(ExportError::Option { name: "passphrase", reason: error.to_string() })
        }
        Err(export::ExportError::Empty) => Err(ExportError::Missing("certificate")),
        Err(error) => Err(ExportError::Write(error.to_string())),
    }
}
