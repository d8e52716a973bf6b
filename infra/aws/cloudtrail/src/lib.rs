//! AWS CloudTrail: the last 90 days of management events, and what its trails log. The only crate that uses `aws-sdk-cloudtrail`.
//!
//! Trails, selectors and public keys are answered as the command line prints them (`aws cloudtrail describe-trails`, `get-event-selectors`,
//! `list-public-keys`), so that saved answers and live ones are read by one reader.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_aws::{CallError, Session};
use serde_json::{Map, Value, json};

const SERVICE: &str = "CloudTrail";

/// `LookupEvents` answers two requests a second in each account and Region.
const PACE: Duration = Duration::from_millis(550);

/// How many pages of keys are asked for. All there ever were have room in a few.
const MOST_PAGES: usize = 100;

/// A client of CloudTrail.
#[derive(Debug, Clone)]
pub struct CloudTrail {
    client: Client,
}

/// A page of events.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The events, each as the JSON that a log file would hold.
    pub events: Vec<String>,
    /// What the next page is asked for by.
    pub next: Option<String>,
}

impl CloudTrail {
    /// A client with the session's credentials, Region and endpoint.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self { client: Client::new(session.sdk_config()) }
    }

    /// A page of the management events of a span of time, newest first, of one event name if one is given. Waits as the service's rate asks.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn lookup(
        &self,
        from: SystemTime,
        to: SystemTime,
        event_name: Option<&str>,
        page: Option<String>,
    ) -> Result<Page, CallError> {
        if page.is_some() {
            tokio::time::sleep(PACE).await;
        }
        let mut call = self.client.lookup_events().start_time(DateTime::from(from)).end_time(DateTime::from(to)).max_results(50);
        if let Some(name) = event_name {
            let attribute = LookupAttribute::builder().attribute_key(LookupAttributeKey::EventName).attribute_value(name).build();
            call = call.lookup_attributes(attribute.map_err(|error| CallError::malformed(SERVICE, "LookupEvents", error.to_string()))?);
        }
        let answer = call.set_next_token(page).send().await.map_err(|error| CallError::from_sdk(SERVICE, "LookupEvents", &error))?;
        let events = answer.events.unwrap_or_default().into_iter().filter_map(|event| event.cloud_trail_event).collect();
        Ok(Page { events, next: answer.next_token.filter(|token| !token.is_empty()) })
    }

    /// The trails of the Region, as `{"trailList": […]}`.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn trails(&self) -> Result<Value, CallError> {
        let answer = self.client.describe_trails().send().await.map_err(|error| CallError::from_sdk(SERVICE, "DescribeTrails", &error))?;
        let trails = answer.trail_list.unwrap_or_default().into_iter().map(|trail| {
            object([
                ("Name", trail.name.map(Value::from)),
                ("TrailARN", trail.trail_arn.map(Value::from)),
                ("HomeRegion", trail.home_region.map(Value::from)),
                ("IncludeGlobalServiceEvents", trail.include_global_service_events.map(Value::from)),
                ("IsMultiRegionTrail", trail.is_multi_region_trail.map(Value::from)),
                ("IsOrganizationTrail", trail.is_organization_trail.map(Value::from)),
                ("LogFileValidationEnabled", trail.log_file_validation_enabled.map(Value::from)),
                ("HasCustomEventSelectors", trail.has_custom_event_selectors.map(Value::from)),
                ("S3BucketName", trail.s3_bucket_name.map(Value::from)),
                ("S3KeyPrefix", trail.s3_key_prefix.map(Value::from)),
            ])
        });
        Ok(json!({ "trailList": trails.collect::<Vec<_>>() }))
    }

    /// What a trail logs, as `{"TrailARN": …, "EventSelectors": […], "AdvancedEventSelectors": […]}`.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn selectors(&self, trail: &str) -> Result<Value, CallError> {
        let answer = self.client.get_event_selectors().trail_name(trail).send().await;
        let answer = answer.map_err(|error| CallError::from_sdk(SERVICE, "GetEventSelectors", &error))?;
        let basic = answer.event_selectors.map(|selectors| {
            Value::from_iter(selectors.into_iter().map(|selector| {
                let resources = selector.data_resources.unwrap_or_default().into_iter();
                let resources =
                    resources.map(|data| object([("Type", data.r#type.map(Value::from)), ("Values", data.values.map(Value::from))]));
                object([
                    ("ReadWriteType", selector.read_write_type.map(|kind| Value::from(kind.as_str()))),
                    ("IncludeManagementEvents", selector.include_management_events.map(Value::from)),
                    ("DataResources", Some(Value::from_iter(resources))),
                    ("ExcludeManagementEventSources", selector.exclude_management_event_sources.map(Value::from)),
                ])
            }))
        });
        let advanced = answer.advanced_event_selectors.map(|selectors| {
            Value::from_iter(selectors.into_iter().map(|selector| {
                let fields = selector.field_selectors.into_iter().map(|field| {
                    object([
                        ("Field", Some(Value::from(field.field))),
                        ("Equals", field.equals.map(Value::from)),
                        ("StartsWith", field.starts_with.map(Value::from)),
                        ("EndsWith", field.ends_with.map(Value::from)),
                        ("NotEquals", field.not_equals.map(Value::from)),
                        ("NotStartsWith", field.not_starts_with.map(Value::from)),
                        ("NotEndsWith", field.not_ends_with.map(Value::from)),
                    ])
                });
                object([("Name", selector.name.map(Value::from)), ("FieldSelectors", Some(Value::from_iter(fields)))])
            }))
        });
        Ok(object([("TrailARN", answer.trail_arn.map(Value::from)), ("EventSelectors", basic), ("AdvancedEventSelectors", advanced)]))
    }

    /// The public keys that digests of the Region were signed with in a span of time, as `{"PublicKeyList": […]}`.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn public_keys(&self, from: SystemTime, to: SystemTime) -> Result<Value, CallError> {
        let mut keys = Vec::new();
        let mut page = None;
        for _ in 0..MOST_PAGES {
            let call = self.client.list_public_keys().start_time(DateTime::from(from)).end_time(DateTime::from(to));
            let answer = call.set_next_token(page).send().await.map_err(|error| CallError::from_sdk(SERVICE, "ListPublicKeys", &error))?;
            keys.extend(answer.public_key_list.unwrap_or_default().into_iter().map(|key| {
                object([
                    ("Value", key.value.map(|der| Value::from(STANDARD.encode(der.as_ref())))),
                    ("ValidityStartTime", key.validity_start_time.map(|time| Value::from(time.as_secs_f64()))),
                    ("ValidityEndTime", key.validity_end_time.map(|time| Value::from(time.as_secs_f64()))),
                    ("Fingerprint", key.fingerprint.map(Value::from)),
                ])
            }));
            page = answer.next_token.filter(|token| !token.is_empty());
            if page.is_none() {
                break;
            }
        }
        Ok(json!({ "PublicKeyList": keys }))
    }

    /// Whether a trail is logging now.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn is_logging(&self, trail: &str) -> Result<bool, CallError> {
        let answer = self.client.get_trail_status().name(trail).send().await;
        Ok(answer.map_err(|error| CallError::from_sdk(SERVICE, "GetTrailStatus", &error))?.is_logging.unwrap_or(false))
    }
}

/// An object of what is there.
fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Value {
    Value::Object(fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect::<Map<_, _>>())
}
