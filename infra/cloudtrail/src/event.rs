//! One event of CloudTrail, borrowed from the text it was read from. Making one finds where its fields stand; each is read when it is
//! asked for, and what nobody asks for costs no more than to find its end.

use std::borrow::Cow;
use std::fmt;

use fearless_simd::{Simd, dispatch};
use jiff::Timestamp;

use crate::identity::Identity;
use crate::json::Json;
use crate::json::scan::{self, Fault, LEVEL, Next};

/// Why a text is no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It ends too early.
    #[error("the record ends before it is complete")]
    Cut,
    /// It is not JSON.
    #[error("not JSON at byte {0} of the record")]
    Syntax(usize),
    /// It is not UTF-8.
    #[error("not UTF-8 at byte {0} of the record")]
    Encoding(usize),
    /// It is JSON but has not what every event of CloudTrail has.
    #[error("not an event of CloudTrail: no {0}")]
    Missing(&'static str),
    /// It cannot be told when it happened.
    #[error("eventTime is not a time of RFC 3339")]
    Time,
    /// It is longer than any event, so that it was not read.
    #[error("the record is longer than {0} bytes")]
    TooLong(usize),
}

/// The fields of an event, and those of what events are wrapped in. The names are CloudTrail's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Field {
    EventTime,
    EventSource,
    EventName,
    AwsRegion,
    UserIdentity,
    ErrorCode,
    ErrorMessage,
    RequestParameters,
    ResponseElements,
    AdditionalEventData,
    Resources,
    ServiceEventDetails,
    ReadOnly,
    ManagementEvent,
    EventCategory,
    EventType,
    EventId,
    SharedEventId,
    RequestId,
    RecipientAccountId,
    VpcEndpointId,
    VpcEndpointAccountId,
    SourceIpAddress,
    UserAgent,
    ApiVersion,
    SessionCredentialFromConsole,
    Addendum,
    EventVersion,
    Records,
    Events,
    Detail,
    CloudTrailEvent,
    DigestStartTime,
}

pub(crate) const FIELDS: usize = Field::DigestStartTime as usize + 1;

impl Field {
    #[inline(always)]
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"eventVersion" => Self::EventVersion,
            b"userIdentity" => Self::UserIdentity,
            b"eventTime" => Self::EventTime,
            b"eventSource" => Self::EventSource,
            b"eventName" => Self::EventName,
            b"awsRegion" => Self::AwsRegion,
            b"sourceIPAddress" => Self::SourceIpAddress,
            b"userAgent" => Self::UserAgent,
            b"errorCode" => Self::ErrorCode,
            b"errorMessage" => Self::ErrorMessage,
            b"requestParameters" => Self::RequestParameters,
            b"responseElements" => Self::ResponseElements,
            b"additionalEventData" => Self::AdditionalEventData,
            b"requestID" => Self::RequestId,
            b"eventID" => Self::EventId,
            b"readOnly" => Self::ReadOnly,
            b"resources" => Self::Resources,
            b"eventType" => Self::EventType,
            b"managementEvent" => Self::ManagementEvent,
            b"recipientAccountId" => Self::RecipientAccountId,
            b"eventCategory" => Self::EventCategory,
            b"sharedEventID" => Self::SharedEventId,
            b"vpcEndpointId" => Self::VpcEndpointId,
            b"vpcEndpointAccountId" => Self::VpcEndpointAccountId,
            b"apiVersion" => Self::ApiVersion,
            b"sessionCredentialFromConsole" => Self::SessionCredentialFromConsole,
            b"serviceEventDetails" => Self::ServiceEventDetails,
            b"addendum" => Self::Addendum,
            b"Records" => Self::Records,
            b"Events" => Self::Events,
            b"detail" => Self::Detail,
            b"CloudTrailEvent" => Self::CloudTrailEvent,
            b"digestStartTime" => Self::DigestStartTime,
            _ => return None,
        })
    }
}

/// Where a value stands in its record; nowhere if `end` is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// Where the fields of one object stand in it.
#[derive(Debug, Clone)]
pub(crate) struct Shape([Span; FIELDS]);

/// How far an object was gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walked {
    /// To its end, which is this place.
    Object(usize),
    /// To an array of records, whose first byte after the bracket this is.
    Array(usize),
}

/// The longest record that there may be: places within one are kept in 32 bits.
pub(crate) const LONGEST_RECORD: usize = 1 << 30;

impl Shape {
    pub(crate) fn new() -> Self {
        Self([Span::default(); FIELDS])
    }

    /// Finds the fields of the object that `bytes` begins with. If `into_arrays`, it stops at an array `Records` or `Events`.
    pub(crate) fn walk(&mut self, bytes: &[u8], into_arrays: bool) -> Result<Walked, Fault> {
        self.0 = [Span::default(); FIELDS];
        let within = &bytes[..bytes.len().min(LONGEST_RECORD)];
        dispatch!(*LEVEL, simd => self.walk_with(simd, within, into_arrays))
    }

    #[inline(always)]
    fn walk_with<S: Simd>(&mut self, simd: S, bytes: &[u8], into_arrays: bool) -> Result<Walked, Fault> {
        match bytes.first() {
            Some(b'{') => {}
            Some(_) => return Err(Fault::Syntax(0)),
            None => return Err(Fault::Cut),
        }
        let mut at = scan::space(bytes, 1)?;
        if bytes[at] == b'}' {
            return Ok(Walked::Object(at + 1));
        }
        loop {
            let name = scan::name(simd, bytes, at)?;
            let field = Field::of(name.text);
            if into_arrays && matches!(field, Some(Field::Records | Field::Events)) && bytes[name.value] == b'[' {
                return Ok(Walked::Array(name.value + 1));
            }
            let end = scan::value(simd, bytes, name.value)?;
            if let Some(field) = field {
                let span = &mut self.0[field as usize];
                // Twice the same field: two records have run into one.
                if span.end != 0 {
                    return Err(Fault::Syntax(at));
                }
                *span = Span { start: place(name.value), end: place(end) };
            }
            match scan::next(bytes, end, b'}')? {
                Next::Another(next) => at = next,
                Next::Closed(end) => return Ok(Walked::Object(end)),
            }
        }
    }

    /// The value of a field in `record`, the text of the object walked. `null` is as if it were not there.
    pub(crate) fn json<'a>(&self, record: &'a str, field: Field) -> Option<Json<'a>> {
        let span = self.0[field as usize];
        let text = record.get(span.start as usize..span.end as usize)?;
        (!text.is_empty() && text != "null").then(|| Json::new(text))
    }

    /// Whether it has what every event has.
    pub(crate) fn is_event(&self) -> bool {
        [Field::EventTime, Field::EventSource, Field::EventName].iter().all(|field| self.0[*field as usize].end != 0)
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a record is shorter than LONGEST_RECORD")
}

/// An event.
#[derive(Clone)]
pub struct Event<'a> {
    text: &'a str,
    shape: Shape,
    time: Timestamp,
    source: Cow<'a, str>,
    name: Cow<'a, str>,
}

/// What it is and when it was, not what was asked or answered.
impl fmt::Debug for Event<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Event({} {} at {})", self.source, self.name, self.time)
    }
}

impl<'a> Event<'a> {
    /// The event that a text is, one JSON object.
    ///
    /// # Errors
    /// If it is no JSON object, something follows it, or it lacks what every event has: `eventTime`, `eventSource` and `eventName`.
    pub fn parse(text: &'a str) -> Result<Self, EventError> {
        let trimmed = text.trim_matches([' ', '\t', '\r', '\n']);
        if trimmed.len() > LONGEST_RECORD {
            return Err(EventError::TooLong(LONGEST_RECORD));
        }
        let mut shape = Shape::new();
        match shape.walk(trimmed.as_bytes(), false) {
            Ok(Walked::Object(end) | Walked::Array(end)) if end == trimmed.len() => Self::of(trimmed, &shape),
            Ok(Walked::Object(end) | Walked::Array(end)) => Err(EventError::Syntax(end)),
            Err(Fault::Cut) => Err(EventError::Cut),
            Err(Fault::Syntax(at)) => Err(EventError::Syntax(at)),
        }
    }

    /// The event whose text and shape these are.
    pub(crate) fn of(text: &'a str, shape: &Shape) -> Result<Self, EventError> {
        let string = |field, name| shape.json(text, field).and_then(Json::as_str).ok_or(EventError::Missing(name));
        let source = string(Field::EventSource, "eventSource")?;
        let name = string(Field::EventName, "eventName")?;
        let time = string(Field::EventTime, "eventTime")?.parse().map_err(|_| EventError::Time)?;
        // A notification of S3 has all three, and is none of CloudTrail's.
        if !source.contains('.') || name.is_empty() {
            return Err(EventError::Missing("eventSource of a service"));
        }
        Ok(Self { text, shape: shape.clone(), time, source, name })
    }

    /// The whole record, as it stands in the log.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    fn json(&self, field: Field) -> Option<Json<'a>> {
        self.shape.json(self.text, field)
    }

    fn string(&self, field: Field) -> Option<Cow<'a, str>> {
        self.json(field)?.as_scalar()
    }

    /// `eventTime`: when the request was completed, to the second.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// `eventSource`: the service that was asked, such as `s3.amazonaws.com`.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// `eventName`: what was asked, such as `GetObject`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `awsRegion`.
    #[must_use]
    pub fn region(&self) -> Option<Cow<'a, str>> {
        self.string(Field::AwsRegion)
    }

    /// `recipientAccountId`: the account whose log this is, which need not be the one of who asked.
    #[must_use]
    pub fn recipient_account(&self) -> Option<Cow<'a, str>> {
        self.string(Field::RecipientAccountId)
    }

    /// `userIdentity`, read on each call.
    #[must_use]
    pub fn identity(&self) -> Option<Identity<'a>> {
        self.identity_json().map(Identity::of)
    }

    /// `userIdentity` as it stands.
    #[must_use]
    pub fn identity_json(&self) -> Option<Json<'a>> {
        self.json(Field::UserIdentity)
    }

    /// `errorCode`.
    #[must_use]
    pub fn error_code(&self) -> Option<Cow<'a, str>> {
        self.string(Field::ErrorCode)
    }

    /// `errorMessage`.
    #[must_use]
    pub fn error_message(&self) -> Option<Cow<'a, str>> {
        self.string(Field::ErrorMessage)
    }

    /// `requestParameters`.
    #[must_use]
    pub fn request_parameters(&self) -> Option<Json<'a>> {
        self.json(Field::RequestParameters)
    }

    /// `responseElements`.
    #[must_use]
    pub fn response_elements(&self) -> Option<Json<'a>> {
        self.json(Field::ResponseElements)
    }

    /// `additionalEventData`.
    #[must_use]
    pub fn additional_event_data(&self) -> Option<Json<'a>> {
        self.json(Field::AdditionalEventData)
    }

    /// `serviceEventDetails`, of events that no request made.
    #[must_use]
    pub fn service_event_details(&self) -> Option<Json<'a>> {
        self.json(Field::ServiceEventDetails)
    }

    /// `resources`: an array of objects with `ARN`, `accountId` and `type`, or with `ARNPrefix`.
    #[must_use]
    pub fn resources(&self) -> Option<Json<'a>> {
        self.json(Field::Resources)
    }

    /// `addendum`: why an event was delivered late or again, and which of its fields are others now.
    #[must_use]
    pub fn addendum(&self) -> Option<Json<'a>> {
        self.json(Field::Addendum)
    }

    /// `readOnly`.
    #[must_use]
    pub fn read_only(&self) -> Option<bool> {
        self.json(Field::ReadOnly)?.as_bool()
    }

    /// `managementEvent`.
    #[must_use]
    pub fn management_event(&self) -> Option<bool> {
        self.json(Field::ManagementEvent)?.as_bool()
    }

    /// `eventCategory`: `Management`, `Data`, `NetworkActivity` or `Insight`. Old events have none.
    #[must_use]
    pub fn category(&self) -> Option<Cow<'a, str>> {
        self.string(Field::EventCategory)
    }

    /// `eventType`: `AwsApiCall`, `AwsServiceEvent`, `AwsConsoleAction`, `AwsConsoleSignIn`, `AwsVpceEvent`, `AwsCloudTrailInsight`.
    #[must_use]
    pub fn event_type(&self) -> Option<Cow<'a, str>> {
        self.string(Field::EventType)
    }

    /// `eventID`.
    #[must_use]
    pub fn event_id(&self) -> Option<Cow<'a, str>> {
        self.string(Field::EventId)
    }

    /// `sharedEventID`: the same in the logs of each account that the one request concerned.
    #[must_use]
    pub fn shared_event_id(&self) -> Option<Cow<'a, str>> {
        self.string(Field::SharedEventId)
    }

    /// `requestID`.
    #[must_use]
    pub fn request_id(&self) -> Option<Cow<'a, str>> {
        self.string(Field::RequestId)
    }

    /// `vpcEndpointId`.
    #[must_use]
    pub fn vpc_endpoint(&self) -> Option<Cow<'a, str>> {
        self.string(Field::VpcEndpointId)
    }

    /// `vpcEndpointAccountId`.
    #[must_use]
    pub fn vpc_endpoint_account(&self) -> Option<Cow<'a, str>> {
        self.string(Field::VpcEndpointAccountId)
    }

    /// `sourceIPAddress`: an address, or the name of a service that asked in turn, or `AWS Internal`.
    #[must_use]
    pub fn source_address(&self) -> Option<Cow<'a, str>> {
        self.string(Field::SourceIpAddress)
    }

    /// `userAgent`.
    #[must_use]
    pub fn user_agent(&self) -> Option<Cow<'a, str>> {
        self.string(Field::UserAgent)
    }

    /// `apiVersion`.
    #[must_use]
    pub fn api_version(&self) -> Option<Cow<'a, str>> {
        self.string(Field::ApiVersion)
    }

    /// `eventVersion`, such as `1.11`.
    #[must_use]
    pub fn event_version(&self) -> Option<Cow<'a, str>> {
        self.string(Field::EventVersion)
    }

    /// `sessionCredentialFromConsole`: whether the credentials are those of a session in the console.
    #[must_use]
    pub fn from_console(&self) -> bool {
        self.json(Field::SessionCredentialFromConsole).and_then(Json::as_bool) == Some(true)
    }
}

#[cfg(test)]
mod tests;
