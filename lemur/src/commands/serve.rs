//! `lemur serve`.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::IsTerminal as _;

use menagerie_report::{self as report, Exit};
use menagerie_telemetry::{Format, TOLD};

use super::{hook_runner, people, place};
use crate::access::{Bootstrap, NewAdministrator, Password};
use crate::cli::Serve;
use crate::config::{Config, FILE_NAME, Typed, template};
use crate::dns::Providers;
use crate::engine::Engine;
use crate::serve::{self, Listeners};

/// What a made password is written to where there is no terminal to show it on.
const PASSWORD_FILE: &str = "admin-password";

pub(super) fn run(options: &Serve) -> anyhow::Result<Exit> {
    let typed = Typed { listen: options.listen, http_listen: options.http_listen, ..place::typed(&options.place) };
    let config = Config::read(&typed)?;
    let format = config.log.0;
    menagerie_telemetry::start(format, config.log.1);
    match (start(options, typed, &config), format) {
        (Err(error), Format::Json) => {
            tracing::error!(target: TOLD, "{}", super::sentence(&error));
            Ok(Exit::Incomplete)
        }
        (done, _) => done,
    }
}

fn start(options: &Serve, mut typed: Typed, config: &Config) -> anyhow::Result<Exit> {
    let listeners = Listeners::bind(config)?;
    // The URLs have the port that is listened at, also where port 0 let the system choose one.
    typed.listen = Some(listeners.address()?);
    typed.http_listen = listeners.http_address()?;
    let config = Config::read(&typed)?;
    // Before a key is read: what runs programs never had one in its memory.
    let hooks = hook_runner::start(&config.dns)?;
    // The library that TLS is made with, for all of this process.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let password = options.admin_password_file.as_deref().map(people::password).transpose()?;
    let providers = Providers::open(&config.dns, hooks.as_ref(), &place::clock())?;
    place::runtime()?.block_on(async {
        let opened = place::open(config).await?;
        let served = serve(&opened, listeners, password, providers).await;
        opened.engine.close().await;
        served
    })?;
    Ok(Exit::Fine)
}

async fn serve(opened: &place::Opened, listeners: Listeners, password: Option<Password>, providers: Providers) -> anyhow::Result<()> {
    let config = &opened.config;
    // From here on whoever is told to end does so in order, also before anything is served.
    let mut stop = Box::pin(stop()?);
    let note = |text: &dyn Display| note(config.log.0, text);
    let access = place::access(opened).await?;
    let chosen = password.is_some();
    let prepared = serve::prepare(config, listeners, &opened.engine, &access, password, providers);
    // What is begun may end at any moment: who waits for a database that is away waits no longer than people do.
    let ready = tokio::select! {
        ready = prepared => ready?,
        () = &mut stop => return Ok(()),
    };
    if let Bootstrap::Administrator(made) = &ready.first.0 {
        if chosen {
            note(&format_args!("the user {} has the password that was chosen", made.username));
        } else {
            tell(config, made)?;
        }
        let path = config.data.join(FILE_NAME);
        if !path.exists() {
            place::write(&path, template(config.listen, config.http_listen).as_bytes())?;
        }
    }
    note(&format_args!("lemur serves {} at {}", config.url, config.listen));
    if let (Some(address), Some(url)) = (config.http_listen, &config.http_url) {
        note(&format_args!("lists, OCSP and authorities' certificates are at {url} too, at {address}"));
    }
    for (key, url) in [("url", Some(&config.url)), ("http_url", config.http_url.as_ref())] {
        if let Some(url) = url.filter(|url| is_only_here(url)) {
            note(&format_args!(
                "WHAT IS ISSUED NAMES {url}, where only this machine gets to: set {key} in {FILE_NAME} before others use it"
            ));
        }
    }
    if config.http_url.is_none() {
        note(&format_args!(
            "certificates name lists and OCSP at {}, by HTTPS: clients that fetch them need --http-listen, or http_url",
            config.url
        ));
    }
    if config.tls.is_none() {
        note(&format_args!("clients trust it by {}", config.data.join("internal-root.pem").display()));
    }
    tell_authorities(config, &opened.engine).await?;
    let (served, ()) = tokio::join!(ready.run(stop), tell_keys(config, &opened.engine));
    Ok(served?)
}

/// Names what waits for an authority that there is not: it may be made later, or its name may be wrong.
async fn tell_authorities(config: &Config, engine: &Engine) -> anyhow::Result<()> {
    let known: BTreeSet<_> = engine.authorities().await?.into_iter().map(|authority| authority.name).collect();
    for offer in config.acme.offers.iter().filter(|offer| !known.contains(&offer.authority)) {
        let (name, authority) = (report::shown(&offer.name), report::shown(&offer.authority));
        note(config.log.0, &format_args!("[acme.profiles.{name}] is not offered until there is an authority {authority}: there is none"));
    }
    for grant in config.identity.grants().values().filter(|grant| !known.contains(&grant.authority)) {
        let (name, authority) = (report::shown(&grant.name), report::shown(&grant.authority));
        note(config.log.0, &format_args!("[workloads.{name}] gets nothing until there is an authority {authority}: there is none"));
    }
    Ok(())
}

/// Names the authorities whose keys are elsewhere and cannot be used: all else is served.
async fn tell_keys(config: &Config, engine: &Engine) {
    match engine.unreachable_keys().await {
        Ok(keys) => {
            for (name, reason) in keys {
                note(config.log.0, &format_args!("{} issues nothing until its key can be used: {reason}", report::shown(&name)));
            }
        }
        Err(error) => note(config.log.0, &format_args!("keys that are elsewhere could not be looked at: {error}")),
    }
}

/// Tells what whoever starts it is to know, whatever the level of the log: a line of text, or of the log if that is JSON.
fn note(format: Format, text: &dyn Display) {
    match format {
        Format::Human => report::note(text),
        Format::Json => tracing::info!(target: TOLD, "{text}"),
    }
}

/// Whether a URL leads to the machine that follows it.
fn is_only_here(url: &str) -> bool {
    let uri = url.parse::<http::Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Shows the made password to a person, or leaves it where only the owner of the data reads it.
fn tell(config: &Config, NewAdministrator { username, password }: &NewAdministrator) -> anyhow::Result<()> {
    if std::io::stderr().is_terminal() {
        report::note(format_args!("the user {username} has the password {}", password.expose()));
        return Ok(());
    }
    let path = config.data.join(PASSWORD_FILE);
    place::write_private(&path, format!("{}\n", password.expose()).as_bytes())?;
    note(config.log.0, &format_args!("the password of the user {username} is in {}: sign in, change it, remove the file", path.display()));
    Ok(())
}

/// Done when the process is told to end.
fn stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
