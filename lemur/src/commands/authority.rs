//! `lemur authority`: who signs.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use menagerie_report::{self as report, Exit, shown};
use x509_cert::spki::ObjectIdentifier;

use super::place::{self, Opened};
use crate::asn1::object_identifier;
use crate::authority::{AuthorityError, AuthorityKey, AuthorityOrder, OfflineAuthority, Parent};
use crate::certificate::{Validity, View, read_bundle, write_certificate};
use crate::cli::{AuthorityCommand, AuthorityCreate, AuthorityImport, Place};
use crate::csr::Csr;
use crate::name::{NameConstraints, Subject, SubjectField, Subtrees};
use crate::upstream::UpstreamAuthority;

/// The largest file with a chain, in bytes.
const LARGEST_BUNDLE: usize = 1 << 20;

pub(super) fn run(place: &Place, command: &AuthorityCommand) -> anyhow::Result<Exit> {
    place::on(place, async |opened| match command {
        AuthorityCommand::Create(options) => create(opened, options).await,
        AuthorityCommand::List => list(opened).await,
        AuthorityCommand::Show { name } => show(opened, name).await,
        AuthorityCommand::Import(options) => import(opened, options).await,
    })
}

async fn create(opened: &Opened, options: &AuthorityCreate) -> anyhow::Result<Exit> {
    if let Some(upstream) = &options.upstream {
        return create_elsewhere(opened, options, upstream).await;
    }
    let parent = match (&options.parent, &options.csr_out) {
        (Some(name), _) => Parent::Ours(opened.authority(name).await?.id),
        (None, Some(_)) => Parent::Outside,
        (None, None) => Parent::Itself,
    };
    let order = AuthorityOrder {
        name: options.name.clone(),
        owner: options.owner.clone(),
        description: String::new(),
        subject: subject(options)?,
        key: key(opened, options),
        parent,
        validity: options.days.map(|days| lasting(opened.engine.now(), days)).transpose()?,
        path_length: options.path_length,
        constraints: constraints(options)?,
        extended_key_usages: Vec::new(),
        policies: policies(options)?,
        profiles: options.profile.clone(),
        options: "{}".to_owned(),
        roles: Vec::new(),
        actor: place::actor(),
    };
    let created = opened.engine.create_authority(order).await?;
    if let (Some(path), Some(csr)) = (&options.csr_out, &created.csr) {
        place::write(path, Csr::from_der(csr)?.to_pem().as_bytes())?;
        let (name, path) = (shown(&options.name), path.display());
        report::note(format_args!("wrote {path}: have it signed, then `lemur authority import {name} CHAIN.pem`"));
    }
    if let Some((_, der)) = &created.certificate {
        report::data(write_certificate(der))?;
    }
    Ok(Exit::Fine)
}

fn key(opened: &Opened, options: &AuthorityCreate) -> AuthorityKey {
    match &options.key {
        None => AuthorityKey::Made(options.key_type.into()),
        Some(key) => AuthorityKey::Elsewhere(opened.config.keys.get(key).unwrap_or(key).clone()),
    }
}

async fn create_elsewhere(opened: &Opened, options: &AuthorityCreate, upstream: &str) -> anyhow::Result<Exit> {
    let new = UpstreamAuthority {
        name: options.name.clone(),
        owner: options.owner.clone(),
        description: String::new(),
        upstream: upstream.to_owned(),
        profiles: Vec::new(),
        options: "{}".to_owned(),
        roles: Vec::new(),
    };
    opened.upstreams()?.add_authority(new, &place::actor()).await?;
    report::note(format_args!("certificates of {} are ordered from {}", shown(&options.name), shown(upstream)));
    Ok(Exit::Fine)
}

fn subject(options: &AuthorityCreate) -> anyhow::Result<Subject> {
    let fields = [(SubjectField::Organization, &options.organization), (SubjectField::Country, &options.country)];
    let mut subject = Subject::of_common_name(options.common_name.as_deref().unwrap_or_default())?;
    for (field, text) in fields {
        if let Some(text) = text {
            subject = subject.with(field, text)?;
        }
    }
    Ok(subject)
}

fn constraints(options: &AuthorityCreate) -> anyhow::Result<NameConstraints> {
    let permitted = Subtrees::parse(&options.permit_dns, &options.permit_ip, &[], &[])?;
    if permitted.is_empty() {
        return Ok(NameConstraints::default());
    }
    Ok(NameConstraints::new(permitted, Subtrees::default())?)
}

fn policies(options: &AuthorityCreate) -> anyhow::Result<Vec<ObjectIdentifier>> {
    let one = |text: &String| object_identifier(text).with_context(|| format!("{} is no object identifier", shown(text)));
    options.policy.iter().map(one).collect()
}

fn lasting(now: Timestamp, days: u32) -> anyhow::Result<Validity> {
    let end = now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).context("--days is too many")?;
    Ok(Validity::new(now, end)?)
}

async fn list(opened: &Opened) -> anyhow::Result<Exit> {
    for authority in opened.engine.authorities().await? {
        let until = match &authority.der {
            Some(der) => View::parse(der)?.validity().not_after().strftime("%F").to_string(),
            None if authority.upstream().is_some() => "elsewhere".to_owned(),
            None => "waits for its certificate".to_owned(),
        };
        let (name, owner) = (shown(&authority.name), shown(&authority.owner));
        report::data(format_args!(
            "{:<5} {name:<24} {:<12} {:<10} {until:<12} {owner}\n",
            authority.id,
            authority.kind.as_str(),
            authority.state.as_str()
        ))?;
    }
    Ok(Exit::Fine)
}

async fn show(opened: &Opened, name: &str) -> anyhow::Result<Exit> {
    let authority = opened.authority(name).await?;
    report::data(format_args!("name:        {}\nowner:       {}\n", shown(&authority.name), shown(&authority.owner)))?;
    report::data(format_args!("kind:        {}\nstate:       {}\n", authority.kind.as_str(), authority.state.as_str()))?;
    if let Some(reference) = &authority.key_reference {
        report::data(format_args!("key:         {reference}\n"))?;
    }
    if let Some(upstream) = authority.upstream() {
        report::data(format_args!("upstream:    {}\n", shown(upstream)))?;
    } else if let Some(der) = &authority.der {
        let view = View::parse(der)?;
        let validity = view.validity();
        report::data(format_args!("subject:     {}\n", shown(&view.subject().to_string())))?;
        report::data(format_args!("serial:      {}\n", view.serial()))?;
        report::data(format_args!("not before:  {}\nnot after:   {}\n", validity.not_before(), validity.not_after()))?;
        report::data(write_certificate(der))?;
    } else if let Some(csr) = &authority.csr {
        report::data(Csr::from_der(csr)?.to_pem())?;
    }
    Ok(Exit::Fine)
}

async fn import(opened: &Opened, options: &AuthorityImport) -> anyhow::Result<Exit> {
    let authority = opened.authority(&options.name).await?;
    let bundle = place::bytes(&options.chain, LARGEST_BUNDLE)?;
    let chain: Vec<Vec<u8>> = read_bundle(&bundle)?.iter().map(|view| view.as_der().to_vec()).collect();
    match opened.engine.activate_authority(authority.id, &chain, &place::actor()).await {
        // All else about the certificate is right: those above it become known, the highest first, and it is brought in.
        Err(AuthorityError::IssuerNotKnown) => {
            for der in chain[1..].iter().rev() {
                know(opened, der, &authority.owner).await?;
            }
            opened.engine.activate_authority(authority.id, &chain, &place::actor()).await?;
        }
        done => done?,
    }
    report::note(format_args!("{} issues from now on", shown(&authority.name)));
    Ok(Exit::Fine)
}

/// Makes an authority known whose key is elsewhere, by its common name, unless it is known.
async fn know(opened: &Opened, der: &[u8], owner: &str) -> anyhow::Result<()> {
    if opened.engine.authorities().await?.iter().any(|known| known.der.as_deref() == Some(der)) {
        return Ok(());
    }
    let view = View::parse(der)?;
    let name = view.subject().field(SubjectField::CommonName).unwrap_or("offline").to_owned();
    let offline = OfflineAuthority {
        name: name.clone(),
        owner: owner.to_owned(),
        description: "Its key is elsewhere".to_owned(),
        certificate: der.to_vec(),
        options: "{}".to_owned(),
        roles: Vec::new(),
    };
    opened.engine.add_offline_authority(offline, &place::actor()).await?;
    report::note(format_args!("{} is known from now on, and issues nothing here", shown(&name)));
    Ok(())
}
