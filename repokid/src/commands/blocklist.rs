//! The blocklist's file in S3, for all that changes roles or looks for what could go.

use menagerie_aws::{Session, SessionOptions};
use menagerie_aws_s3::{S3, Wanted};
use menagerie_report as report;

use crate::compat::config::Config;
use crate::compat::filters::BlocklistFile;
use crate::reach::Reach;

/// The longest blocklist that is read.
const LONGEST: usize = 16 << 20;

/// The blocklist's file, where the configuration names one. Where it cannot be read, its filter names every role.
pub(super) async fn read(config: &Config) -> Option<BlocklistFile> {
    let file = config.blocklist_bucket.as_ref()?;
    let read = async {
        let reach = Reach::new(&file.connection).await?;
        let session = match &file.account {
            Some(account) => reach.account(account).await,
            None => Session::load(SessionOptions { region: file.connection.region.clone(), ..SessionOptions::default() }).await?,
        };
        let wanted = Wanted { bucket: &file.bucket, key: &file.key, version: None, etag: None };
        let mut opened = S3::new(&session, false).open(wanted).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = opened.body.next().await? {
            bytes.extend_from_slice(chunk.as_ref());
            anyhow::ensure!(bytes.len() <= LONGEST, "it is longer than {LONGEST} bytes");
        }
        Ok(BlocklistFile::parse(&String::from_utf8(bytes)?)?)
    };
    read.await
        .inspect_err(|error| report::warning(format_args!("the blocklist s3://{}/{} was not read: {error:#}", file.bucket, file.key)))
        .ok()
}
