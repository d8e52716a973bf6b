//! DynamoDB: items that are put only where none is, and read back page by page. The only crate that uses `aws-sdk-dynamodb`.
//!
//! Meanings are those of the service's API reference (`PutItem`, `Query`, `Scan`). Reads are strongly consistent.

mod item;

use std::collections::HashMap;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_sdk_dynamodb::{Client, Config};
use menagerie_aws::{CallError, Session};

pub use item::{Item, MAX_ITEM_BYTES, Value};

const SERVICE: &str = "DynamoDB";

/// A client of DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoDb {
    client: Client,
}

/// Why an item was not put.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PutError {
    /// An item with this key is there.
    #[error("the table holds an item with this key")]
    Exists {
        /// That item, where the service says.
        item: Option<Item>,
    },
    /// The call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Where the next page begins. Opaque.
#[derive(Debug, Clone)]
pub struct PageKey(HashMap<String, AttributeValue>);

/// A page of items. It may be empty before the end.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The items.
    pub items: Vec<Item>,
    /// Where the next page begins; none at the end.
    pub next: Option<PageKey>,
}

impl DynamoDb {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self::from_config(session.sdk_config())
    }

    /// A client of an SDK configuration.
    pub fn from_config(config: impl Into<Config>) -> Self {
        Self { client: Client::from_conf(config.into()) }
    }

    /// Puts an item if no item has its key; `partition` names the table's partition key.
    ///
    /// # Errors
    /// [`PutError::Exists`] if one has; else the failed call.
    pub async fn put_new(&self, table: &str, partition: &str, item: Item) -> Result<(), PutError> {
        let call = self.client.put_item().table_name(table).set_item(Some(item::to_sdk(item)));
        let call = call
            .condition_expression("attribute_not_exists(#k)")
            .expression_attribute_names("#k", partition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = call.send().await else { return Ok(()) };
        if let SdkError::ServiceError(answer) = &error
            && let PutItemError::ConditionalCheckFailedException(failed) = answer.err()
        {
            return Err(PutError::Exists { item: failed.item.clone().map(item::from_sdk) });
        }
        Err(CallError::from_sdk(SERVICE, "PutItem", &error).into())
    }

    /// A page of one attribute of every item in the table.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn scan(&self, table: &str, attribute: &str, page: Option<PageKey>) -> Result<Page, CallError> {
        let call = self.client.scan().table_name(table).consistent_read(true).projection_expression("#a");
        let call = call.expression_attribute_names("#a", attribute).set_exclusive_start_key(page.map(|page| page.0));
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "Scan", &error))?;
        Ok(page_of(answer.items, answer.last_evaluated_key))
    }

    /// A page of the items whose partition key is `value`, by ascending sort key.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn query(&self, table: &str, partition: &str, value: &str, page: Option<PageKey>) -> Result<Page, CallError> {
        let call = self.client.query().table_name(table).consistent_read(true).scan_index_forward(true);
        let call = call
            .key_condition_expression("#k = :v")
            .expression_attribute_names("#k", partition)
            .expression_attribute_values(":v", AttributeValue::S(value.to_owned()))
            .set_exclusive_start_key(page.map(|page| page.0));
        let answer = call.send().await.map_err(|error| CallError::from_sdk(SERVICE, "Query", &error))?;
        Ok(page_of(answer.items, answer.last_evaluated_key))
    }
}

fn page_of(items: Option<Vec<HashMap<String, AttributeValue>>>, next: Option<HashMap<String, AttributeValue>>) -> Page {
    let items = items.unwrap_or_default().into_iter().map(item::from_sdk).collect();
    Page { items, next: next.filter(|key| !key.is_empty()).map(PageKey) }
}
