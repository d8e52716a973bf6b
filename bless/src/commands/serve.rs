//! `bless serve`: the service on one machine.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use menagerie_config::Environment;
use menagerie_report::Exit;
use menagerie_telemetry::Format;

use super::service;
use crate::cli::Serve;
use crate::serve::{self, Listeners, Token};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// A configuration or a CA key that cannot be used, or an address that cannot be listened on.
pub fn run(args: &Serve, environment: &dyn Environment) -> anyhow::Result<Exit> {
    let settings = service::settings(&args.config, environment)?;
    menagerie_telemetry::start(Format::Human, settings.logging_level);
    let socket = args.socket.clone().or_else(|| settings.serve.socket.clone());
    let token = match args.listen {
        None => None,
        Some(address) => Some(token(args, &settings, address)?),
    };
    anyhow::ensure!(socket.is_some() || args.listen.is_some(), "nothing to listen on: give --socket or --listen, or set [serve] socket");
    #[cfg(not(unix))]
    anyhow::ensure!(socket.is_none(), "there are no Unix sockets here: use --listen");
    service::runtime()?.block_on(async {
        let issuer = service::issuer(&args.config, settings, environment).await?;
        // Fail now, where a person looks, and not at the first request.
        issuer.load_authority().await?;
        let listeners = Listeners::bind(socket, args.listen.zip(token)).await?;
        for place in listeners.places() {
            menagerie_report::data(format_args!("listening on {place}\n"))?;
        }
        serve::run(Arc::new(issuer), listeners).await;
        Ok(Exit::Fine)
    })
}

fn token(args: &Serve, settings: &crate::config::Settings, address: SocketAddr) -> anyhow::Result<Token> {
    anyhow::ensure!(address.ip().is_loopback(), "--listen takes loopback addresses only, such as 127.0.0.1:8022: there is no TLS");
    let path = args.token_file.clone().or_else(|| settings.serve.token_file.clone()).context(
        "--listen wants a token, since any program and any web page on this machine can connect: give --token-file (`bless ca init` makes one)",
    )?;
    Ok(Token::read(&path)?)
}
