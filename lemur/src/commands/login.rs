//! `lemur login` and `lemur logout`: a session at a server, whose token stands in a file that its owner alone reads.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use menagerie_report::{self as report, Exit, shown};
use menagerie_secret::Secret;
use serde_json::json;

use super::backend::{self, Answer, Kept, Server, sentence, text};
use super::place;
use crate::cli::{Login, Logout};

pub(super) fn login(options: &Login) -> anyhow::Result<Exit> {
    let ca_file = options.ca_file.as_deref().map(std::fs::canonicalize).transpose();
    let ca_file = ca_file.with_context(|| format!("cannot read {}", options.ca_file.clone().unwrap_or_default().display()))?;
    let server = Server::new(&options.server, ca_file.as_deref())?;
    let user = match &options.user {
        Some(user) => user.clone(),
        None => asked("User: ")?,
    };
    let password = match &options.password_file {
        Some(path) => place::first_line(path)?,
        None => hidden("Password: ", "--password-file")?,
    };
    place::runtime()?.block_on(async {
        let answer = sign_in(&server, &user, &password, options.code.as_deref()).await?;
        let answer = if wants_code(&answer) && options.code.is_none() {
            let code = hidden("Code of the second factor: ", "--code")?;
            sign_in(&server, &user, &password, Some(code.expose())).await?
        } else {
            answer
        };
        let token = match (answer.status, answer.body["token"].as_str()) {
            (200, Some(token)) => Secret::new(token.to_owned()),
            _ => bail!("not signed in: {}", sentence(&answer, &[])),
        };
        let path = backend::keep(server.url(), &Kept { user: user.clone(), token, ca_file })?;
        report::note(format_args!("signed in to {} as {}; the token is in {}", server.url(), shown(&user), path.display()));
        Ok(Exit::Fine)
    })
}

/// Ends the session at the server, and forgets its token; also where the server is not reached, which is then said.
pub(super) fn logout(options: &Logout) -> anyhow::Result<Exit> {
    let Some(kept) = backend::of_server(&options.server)? else {
        report::note(format_args!("nobody is signed in to {}", options.server));
        return Ok(Exit::Fine);
    };
    let ended = Server::new(&options.server, kept.ca_file.as_deref())
        .and_then(|server| place::runtime()?.block_on(async { Ok(server.call("POST", "/auth/logout", Some(&kept.token), None).await?) }));
    backend::forget(&options.server)?;
    match ended {
        // A token that lets nobody in any more is what was wanted.
        Ok(answer) if [200, 403].contains(&answer.status) => {
            report::note(format_args!("{} is signed out of {}", shown(&kept.user), options.server));
            Ok(Exit::Fine)
        }
        Ok(answer) => bail!("the token is forgotten here, and may still let in: {}", sentence(&answer, &[])),
        Err(error) => Err(error.context("the token is forgotten here, and lets in until its end")),
    }
}

async fn sign_in(server: &Server, user: &str, password: &Secret<String>, code: Option<&str>) -> anyhow::Result<Answer> {
    let body = json!({"username": user, "password": password.expose(), "code": code});
    Ok(server.call("POST", "/auth/login", None, Some(body)).await?)
}

fn wants_code(answer: &Answer) -> bool {
    answer.status == 403 && text(&answer.body, "message").contains("second factor")
}

/// What a person types.
fn asked(prompt: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("there is no terminal to ask on: say --user");
    }
    let mut out = std::io::stderr().lock();
    write!(out, "{prompt}").and_then(|()| out.flush()).context("cannot ask")?;
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read what was typed")?;
    let line = line.trim().to_owned();
    anyhow::ensure!(!line.is_empty(), "nothing was typed");
    Ok(line)
}

/// What a person types without seeing it.
fn hidden(prompt: &str, otherwise: &str) -> anyhow::Result<Secret<String>> {
    let typed = rpassword::prompt_password(prompt);
    Ok(Secret::new(typed.with_context(|| format!("there is no terminal to ask on: say {otherwise}"))?))
}
