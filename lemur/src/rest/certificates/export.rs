//! A certificate's private key, and files of certificate and key. Each time a key is taken the audit log has a line of it before.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_secret::Secret;
use menagerie_sign::{LocalSigner, Signer as _};
use serde::Serialize;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::super::Api;
use super::super::fault::Fault;
use super::super::id::Id;
use super::super::route::Route;
use super::super::shape::{Kind, Shape, optional, required};
use super::super::signed::Signed;
use super::view::request_text;
use crate::access::permit::Action;
use crate::certificate::{View, write_bundle};
use crate::csr::RequestTemplate;
use crate::export::MIN_PASSPHRASE;
use crate::issue::IssueError;
use crate::revoke::KeyError;

/// What goes into a file.
#[expect(missing_debug_implementations, reason = "holds a private key")]
pub struct Material {
    /// What the certificate is called.
    pub name: String,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Those above it, each DER, the root last.
    pub chain: Vec<Vec<u8>>,
    /// Its private key, PKCS #8, where the form wants it.
    pub private_key: Option<Secret<Vec<u8>>>,
    /// The request that it was made from, or one that its key has signed, DER.
    pub csr: Option<Vec<u8>>,
}

/// How it is asked for.
#[expect(missing_debug_implementations, reason = "holds a passphrase")]
pub struct ExportRequest {
    /// What the file is to be encrypted under; one is made up where there is none and the form wants one.
    pub passphrase: Option<Zeroizing<String>>,
    /// The other options, by name.
    pub options: Vec<(String, String)>,
}

/// A file.
#[expect(missing_debug_implementations, reason = "holds a private key")]
pub struct Exported {
    /// What its name ends in.
    pub extension: &'static str,
    /// What it is encrypted under, if it is.
    pub passphrase: Option<Zeroizing<String>>,
    /// Its bytes.
    pub data: Zeroizing<Vec<u8>>,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// An option is wrong.
    #[error("{name}: {reason}")]
    Option {
        /// The option.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// There is not what the form holds.
    #[error("there is no {0} to export")]
    Missing(&'static str),
    /// It cannot be written.
    #[error("the file cannot be written: {0}")]
    Write(String),
}

/// An option of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOption {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// What it may be; anything, if empty. The first is what it is when it is not given.
    pub choices: &'static [&'static str],
}

/// A form in which certificates are exported.
pub trait Export: Send + Sync {
    /// What clients call it.
    fn slug(&self) -> &'static str;
    /// What people call it.
    fn title(&self) -> &'static str;
    /// What it is.
    fn about(&self) -> &'static str;
    /// Whether the private key goes into it.
    fn takes_key(&self) -> bool;
    /// Whether a request goes into it: where none is stored, the key signs one.
    fn takes_request(&self) -> bool {
        false
    }
    /// Its options.
    fn options(&self) -> &'static [ExportOption];
    /// Makes a file.
    ///
    /// # Errors
    /// [`ExportError`].
    fn export(&self, material: Material, request: ExportRequest) -> Result<Exported, ExportError>;
}

const PASSPHRASE: ExportOption =
    ExportOption { name: "passphrase", about: "Encrypts the private key; without one it is in clear", required: false, choices: &[] };

/// Certificate, chain and key as text.
struct Pem;

impl Export for Pem {
    fn slug(&self) -> &'static str {
        "pem-export"
    }

    fn title(&self) -> &'static str {
        "PEM"
    }

    fn about(&self) -> &'static str {
        "Private key, certificate and chain as text"
    }

    fn takes_key(&self) -> bool {
        true
    }

    fn options(&self) -> &'static [ExportOption] {
        &[PASSPHRASE]
    }

    fn export(&self, material: Material, request: ExportRequest) -> Result<Exported, ExportError> {
        let write = |error: &dyn std::error::Error| ExportError::Write(error.to_string());
        let mut data = Zeroizing::new(Vec::new());
        if request.passphrase.as_ref().is_some_and(|passphrase| passphrase.chars().count() < MIN_PASSPHRASE) {
            let reason = format!("a passphrase has at least {MIN_PASSPHRASE} characters");
            return Err(ExportError::Option { name: "passphrase", reason });
        }
        if let Some(key) = &material.private_key {
            let signer = LocalSigner::from_pkcs8_der(key.expose()).map_err(|error| write(&error))?;
            let text = match &request.passphrase {
                Some(passphrase) => signer.to_encrypted_pkcs8_pem(&Secret::new(passphrase.as_bytes().to_vec())),
                None => signer.to_pkcs8_pem(),
            };
            data.extend_from_slice(text.map_err(|error| write(&error))?.expose().as_bytes());
        }
        let chain = std::iter::once(&material.certificate).chain(&material.chain);
        data.extend_from_slice(write_bundle(chain.map(Vec::as_slice)).as_bytes());
        Ok(Exported { extension: "pem", passphrase: request.passphrase, data })
    }
}

/// The request that a certificate was made from, or one that its key signs.
struct Request;

impl Export for Request {
    fn slug(&self) -> &'static str {
        "openssl-csr"
    }

    fn title(&self) -> &'static str {
        "Request"
    }

    fn about(&self) -> &'static str {
        "The request that the certificate was made from, as text; where its key was made here, one that the key signs"
    }

    fn takes_key(&self) -> bool {
        false
    }

    fn takes_request(&self) -> bool {
        true
    }

    fn options(&self) -> &'static [ExportOption] {
        &[]
    }

    fn export(&self, material: Material, _: ExportRequest) -> Result<Exported, ExportError> {
        let csr = material.csr.ok_or(ExportError::Missing("request"))?;
        Ok(Exported { extension: "csr", passphrase: None, data: Zeroizing::new(request_text(&csr).into_bytes()) })
    }
}

const NO_REQUEST: &str =
    "No request is stored with the certificate, and no key that could sign one: whoever has the key makes the request.";

const OPTION: Shape =
    Shape { name: "PluginOption", fields: &[required("name", Kind::Text(254), ""), optional("value", Kind::Text(4_096), "")] };

pub(in crate::rest) const PLUGIN: Shape = Shape {
    name: "PluginChoice",
    fields: &[
        required("slug", Kind::Text(254), "What the plugin is called"),
        optional("pluginOptions", Kind::Objects(&OPTION, 64), "Its options"),
    ],
};

const EXPORT: Shape = Shape { name: "ExportRequest", fields: &[required("plugin", Kind::Object(&PLUGIN), "The form, and its options")] };

#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct KeyOut {
    /// PKCS #8, PEM.
    key: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ExportedFile)]
struct FileOut {
    extension: &'static str,
    passphrase: Option<String>,
    /// Base 64.
    data: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/certificates/{id}/key", key, "The private key of a certificate").gives::<KeyOut>(),
        Route::post("/certificates/{id}/export", export, "A file of a certificate").takes(&EXPORT).gives::<FileOut>(),
    ]
}

async fn key(State(api): State<Api>, signed: Signed, Id(id): Id) -> Result<Json<KeyOut>, Fault> {
    let certificate = api.certificate(id).await?;
    api.may(&signed, &certificate, Action::ViewKey).await?;
    let key = api.private_key(&signed, &certificate, "view").await?;
    KeyOut::of(&key).map(Json)
}

impl KeyOut {
    pub(in crate::rest) fn of(key: &Secret<Vec<u8>>) -> Result<Self, Fault> {
        let signer = LocalSigner::from_pkcs8_der(key.expose()).map_err(|error| Fault::Internal(error.to_string()))?;
        let text = signer.to_pkcs8_pem().map_err(|error| Fault::Internal(error.to_string()))?;
        Ok(Self { key: text.expose().clone() })
    }
}

async fn export(State(api): State<Api>, signed: Signed, Id(id): Id, body: Bytes) -> Result<Json<FileOut>, Fault> {
    let certificate = api.certificate(id).await?;
    signed.may(&Action::Look)?;
    let fields = EXPORT.read(&body)?;
    let plugin = fields.object("plugin").ok_or_else(|| Fault::field("plugin", "Missing data for required field."))?;
    let slug = plugin.text("slug").unwrap_or_default();
    let form = api
        .exports()
        .into_iter()
        .find(|form| form.slug() == slug)
        .ok_or_else(|| Fault::field("plugin.slug", "There is no such plugin."))?;
    let signs_request = form.takes_request() && certificate.csr.is_none();
    if signs_request && !certificate.has_key {
        signed.may(&Action::ExportCertificate)?;
        return Err(Fault::Conflict(NO_REQUEST.to_owned()));
    }
    if form.takes_key() || signs_request {
        api.may(&signed, &certificate, Action::ViewKey).await?;
    } else {
        signed.may(&Action::ExportCertificate)?;
    }
    let mut request = ExportRequest { passphrase: None, options: Vec::new() };
    for option in plugin.objects("pluginOptions").unwrap_or_default() {
        let (name, value) = (option.text("name").unwrap_or_default(), option.text("value").unwrap_or_default());
        if name == "passphrase" {
            request.passphrase = Some(Zeroizing::new(value.to_owned())).filter(|value| !value.is_empty());
        } else {
            request.options.push((name.to_owned(), value.to_owned()));
        }
    }
    let chain = match certificate.authority {
        Some(authority) if certificate.chain.is_none() => match api.engine.load(authority).await {
            Ok(loaded) => loaded.chain.iter().filter(|der| **der != certificate.der).cloned().collect(),
            Err(error) => return Err(Fault::from(&error)),
        },
        _ => match &certificate.chain {
            Some(text) => crate::certificate::read_bundle(text.as_bytes())
                .map_err(|error| Fault::Internal(error.to_string()))?
                .iter()
                .map(|view| view.as_der().to_vec())
                .collect(),
            None => Vec::new(),
        },
    };
    let private_key = if form.takes_key() { Some(api.private_key(&signed, &certificate, "export").await?) } else { None };
    let csr = if signs_request { Some(api.signed_request(&signed, &certificate).await?) } else { certificate.csr };
    let material = Material { name: certificate.name, certificate: certificate.der, chain, private_key, csr };
    // Deriving a key from a passphrase takes its time.
    let made = crate::blocking::in_turn(move || form.export(material, request)).await;
    let file = made.map_err(|error| Fault::Internal(error.to_string()))?.map_err(|error| match error {
        ExportError::Option { name, reason } => Fault::field(format!("plugin.pluginOptions.{name}"), reason),
        ExportError::Missing(thing) => Fault::Missing(thing),
        ExportError::Write(reason) => Fault::Internal(reason),
    })?;
    Ok(Json(FileOut {
        extension: file.extension,
        passphrase: file.passphrase.map(|passphrase| passphrase.to_string()),
        data: STANDARD.encode(&*file.data),
    }))
}

impl Api {
    pub(in crate::rest) fn exports(&self) -> Vec<Arc<dyn Export>> {
        let own: [Arc<dyn Export>; 2] = [Arc::new(Pem), Arc::new(Request)];
        own.into_iter().chain(self.settings.exports.iter().cloned()).collect()
    }

    /// A request for what a certificate has, signed by its key, which stays here.
    async fn signed_request(&self, signed: &Signed, certificate: &crate::store::certificates::Certificate) -> Result<Vec<u8>, Fault> {
        let failed = |error: &dyn std::error::Error| Fault::Internal(error.to_string());
        let key = self.private_key(signed, certificate, "request").await?;
        let signer = LocalSigner::from_pkcs8_der(key.expose()).map_err(|error| failed(&error))?;
        let view = View::parse(&certificate.der).map_err(|error| failed(&error))?;
        let template = RequestTemplate::of_certificate(&view, signer.algorithm()).map_err(|error| failed(&error))?;
        let signature = signer.sign(template.as_der()).await.map_err(|error| failed(&error))?;
        template.request(&signature).map_err(|error| failed(&error))
    }

    async fn private_key(
        &self,
        signed: &Signed,
        certificate: &crate::store::certificates::Certificate,
        purpose: &'static str,
    ) -> Result<Secret<Vec<u8>>, Fault> {
        self.engine.private_key(certificate.id, purpose, &signed.actor).await.map_err(|error| match error {
            KeyError::None { .. } => Fault::Missing("private key"),
            KeyError::Store(error) => error.into(),
            KeyError::Ring(error) => Fault::from(&IssueError::Ring(error)),
            other => Fault::Internal(other.to_string()),
        })
    }
}
