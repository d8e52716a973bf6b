//! `lemur key rotate`: a new encryption key, and everything that is stored encrypted under it.

use menagerie_report::{self as report, Exit};

use super::{acme, people, place};
use crate::cli::{KeyCommand, Place};

pub(super) fn run(place: &Place, command: &KeyCommand) -> anyhow::Result<Exit> {
    let KeyCommand::Rotate = command;
    place::on(place, async |opened| {
        let actor = place::actor();
        let done = opened.engine.rotate_keys(&actor).await?;
        people::access(opened).await?.reseal(&actor).await?;
        let external = acme::keys(opened).await?;
        while external.reseal().await? > 0 {}
        opened.engine.drop_unused_keys().await?;
        report::note(format_args!("encrypted anew: keys of certificates {}, of authorities {}", done.certificates, done.authorities));
        report::note(format_args!("copy {} to where its copies are kept", opened.config.key_file.display()));
        Ok(Exit::Fine)
    })
}
