//! Amazon Athena: a query from start to its rows. The only crate that uses `aws-sdk-athena`.

use std::time::Duration;

use aws_sdk_athena::Client;
use aws_sdk_athena::types::{QueryExecutionContext, QueryExecutionState, ResultConfiguration};
use menagerie_aws::{CallError, Session};

const SERVICE: &str = "Athena";

/// A client of Athena.
#[derive(Debug, Clone)]
pub struct Athena {
    client: Client,
}

/// Where a query runs.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// The workgroup; `primary` if none.
    pub workgroup: Option<String>,
    /// The database that unqualified tables stand in.
    pub database: Option<String>,
    /// Where the results go (`s3://…`), if the workgroup does not say.
    pub output: Option<String>,
}

impl Athena {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// Starts a query and answers its ID.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn start(&self, sql: &str, place: &Place) -> Result<String, CallError> {
        let context = QueryExecutionContext::builder().set_database(place.database.clone()).build();
        let mut call = self.client.start_query_execution().query_string(sql).query_execution_context(context);
        if let Some(output) = &place.output {
            call = call.result_configuration(ResultConfiguration::builder().output_location(output).build());
        }
        let answer = call.set_work_group(place.workgroup.clone()).send().await;
        let answer = answer.map_err(|error| CallError::from_sdk(SERVICE, "StartQueryExecution", &error))?;
        answer.query_execution_id.ok_or_else(|| CallError::malformed(SERVICE, "StartQueryExecution", "it names no query"))
    }

    /// Waits until a query is done, asking with growing pauses for `patience` at most.
    ///
    /// # Errors
    /// What the service answers; a query that failed, was cancelled or takes longer.
    pub async fn wait(&self, query: &str, patience: Duration) -> Result<(), CallError> {
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(250);
        loop {
            let answer = self.client.get_query_execution().query_execution_id(query).send().await;
            let answer = answer.map_err(|error| CallError::from_sdk(SERVICE, "GetQueryExecution", &error))?;
            let status = answer.query_execution.and_then(|execution| execution.status);
            let reason = status.as_ref().and_then(|status| status.state_change_reason.clone());
            match status.and_then(|status| status.state) {
                Some(QueryExecutionState::Succeeded) => return Ok(()),
                Some(QueryExecutionState::Failed | QueryExecutionState::Cancelled) => {
                    let reason = reason.unwrap_or_else(|| "no reason is given".to_owned());
                    return Err(CallError::malformed(SERVICE, "GetQueryExecution", format!("the query {query} failed: {reason}")));
                }
                _ if waited >= patience => {
                    return Err(CallError::malformed(SERVICE, "GetQueryExecution", format!("the query {query} is not done yet")));
                }
                _ => {}
            }
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// A page of a query's rows, its line of column names left out, and what the next page is asked for by.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn rows(&self, query: &str, page: Option<String>) -> Result<(Vec<Vec<Option<String>>>, Option<String>), CallError> {
        let first = page.is_none();
        let answer = self.client.get_query_results().query_execution_id(query).set_next_token(page).send().await;
        let answer = answer.map_err(|error| CallError::from_sdk(SERVICE, "GetQueryResults", &error))?;
        let rows = answer.result_set.and_then(|set| set.rows).unwrap_or_default().into_iter().skip(usize::from(first));
        let rows = rows.map(|row| row.data.unwrap_or_default().into_iter().map(|cell| cell.var_char_value).collect());
        Ok((rows.collect(), answer.next_token))
    }
}
