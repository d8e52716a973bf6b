//! The log of issuances and refusals: opened for writing, and read back.

use std::sync::Arc;

use menagerie_aws::SessionError;
use menagerie_aws_dynamodb::DynamoDb;
use menagerie_aws_logs::Logs;
use menagerie_store::log::{
    CloudWatchSink, CloudWatchSource, DynamoDbSink, DynamoDbSource, FileSink, FileSource, Log, SinkError, Source, SqliteSink, SqliteSource,
};

use crate::config::LogTarget;
use crate::issue::AwsClients;

/// Why the log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file or the database cannot be opened.
    #[error("the log of issuances cannot be opened: {0}")]
    Open(#[from] SinkError),
    /// A database on a disk that goes away.
    #[error("an SQLite log does not outlive a Lambda function's execution environment: use cloudwatch:GROUP or dynamodb:TABLE")]
    NotInFunction,
    /// AWS is not configured.
    #[error(transparent)]
    Session(#[from] SessionError),
}

/// Opens the log for writing. What is on AWS is first called at the first entry.
///
/// # Errors
/// [`RecordError`].
pub async fn open(target: &LogTarget, clients: &Arc<AwsClients>) -> Result<Log, RecordError> {
    if let LogTarget::Sqlite(path) = target {
        return Ok(Log::open(SqliteSink::open(path).await?));
    }
    open_in_function(target, clients).await
}

/// Opens the log of a Lambda function for writing. What is on its disk goes away with its execution environment: a file is for trying
/// the function on another machine, and a database would only make its program larger.
///
/// # Errors
/// [`RecordError`].
pub async fn open_in_function(target: &LogTarget, clients: &Arc<AwsClients>) -> Result<Log, RecordError> {
    Ok(match target {
        LogTarget::File(path) => Log::open(FileSink::open(path)?),
        LogTarget::Sqlite(_) => return Err(RecordError::NotInFunction),
        LogTarget::CloudWatch { group, prefix } => Log::open(CloudWatchSink::new(Logs::new(clients.session().await?), group, prefix)),
        LogTarget::DynamoDb { table } => Log::open(DynamoDbSink::new(DynamoDb::new(clients.session().await?), table)),
    })
}

/// The log for reading, from its beginning.
///
/// # Errors
/// [`RecordError::Session`].
pub async fn source(target: &LogTarget, clients: &Arc<AwsClients>) -> Result<Box<dyn Source>, RecordError> {
    Ok(match target {
        LogTarget::File(path) => Box::new(FileSource::new(path)),
        LogTarget::Sqlite(path) => Box::new(SqliteSource::new(path)),
        LogTarget::CloudWatch { group, prefix } => Box::new(CloudWatchSource::new(Logs::new(clients.session().await?), group, prefix)),
        LogTarget::DynamoDb { table } => Box::new(DynamoDbSource::new(DynamoDb::new(clients.session().await?), table)),
    })
}
