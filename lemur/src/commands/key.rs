//! `lemur key`: a new encryption key, and everything that is stored encrypted under it; and where the encryption keys are kept. It is of the machine
//! that has the key file: no server does it for somebody far away.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use menagerie_report::{self as report, Exit};

use super::place::{self, Missing, Opened};
use crate::acme::{ExternalKeys, MIGRATIONS};
use crate::audit::Actor;
use crate::cli::{KeyCommand, Place};
use crate::revoke::Resealed;

pub(super) fn run(place: &Place, command: &KeyCommand) -> anyhow::Result<Exit> {
    match command {
        KeyCommand::Rotate => rotate(place),
        KeyCommand::Protect => protect(place),
    }
}

fn protect(place: &Place) -> anyhow::Result<Exit> {
    place::on_however_kept(place, async |opened| {
        let wanted = opened.config.encryption_key.as_deref();
        let under = wanted.unwrap_or("the file's mode alone");
        if opened.engine.keep_ring_under(wanted, &place::actor()).await? {
            report::note(format_args!("the encryption keys are protected by {under} from now on"));
            report::note(format_args!("copy {} to where its copies are kept", opened.config.key_file.display()));
        } else {
            report::note(format_args!("the encryption keys are protected by {under} already"));
        }
        Ok(Exit::Fine)
    })
}

fn rotate(place: &Place) -> anyhow::Result<Exit> {
    place::on(place, Missing::Refused, async |opened| {
        let actor = place::actor();
        // One at a time, to the end; of two that are started at once the second is refused.
        let turn = opened.engine.ring().turn_now()?;
        let recent = turn.is_recent();
        // What others sealed while the last rotation went on is sealed anew first: then nothing needs keys that are older than the newest.
        reseal(opened, &actor).await?;
        // But for what was sealed under one of them in the moment of the last rotation, and is not in the database yet.
        if !recent {
            opened.engine.drop_unused_keys_in(&turn).await?;
        } else if opened.engine.ring().keys().ids().len() > 1 {
            report::note("older keys stay in the file: it was changed less than a minute ago, and a server may be sealing under them");
        }
        turn.add_key()?;
        // The key that was the newest until now stays until the next rotation: a server may be sealing under it in this moment.
        let done = reseal(opened, &actor).await?;
        drop(turn);
        report::note(format_args!("encrypted anew: keys of certificates {}, of authorities {}", done.certificates, done.authorities));
        report::note(format_args!("copy {} to where its copies are kept", opened.config.key_file.display()));
        Ok(Exit::Fine)
    })
}

/// Seals all that is stored under the newest key.
async fn reseal(opened: &Opened, actor: &Actor) -> anyhow::Result<Resealed> {
    let engine = &opened.engine;
    let done = engine.reseal(actor).await?;
    place::access(opened).await?.reseal(actor).await?;
    engine.store().database().migrate(&MIGRATIONS).await?;
    let external = ExternalKeys::new(engine.clone(), Arc::new(SystemRandom::new()));
    while external.reseal().await? > 0 {}
    crate::upstream::reseal(&opened.engine).await?;
    Ok(done)
}
