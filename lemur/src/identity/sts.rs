//! Who somebody is to AWS: a `GetCallerIdentity` that they signed and that is sent on to AWS STS for them, as in Vault's and Teleport's ways.
//!
//! The signature says that whoever has the credentials wanted this request to be made; AWS answers whose credentials they are. So that a request
//! that was signed for another service is of no use here, it has a header with this service's URL among the signed ones. Nothing of the request
//! decides where it goes but a region's name: the address is made here. Of its headers only those of the list are taken, each once.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use quick_xml::events::Event;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::pattern::Pattern;
use super::web::{Call, Web, WebError};

/// The header that says whom a request was signed for.
pub const SERVER_ID: &str = "x-lemur-server-id";

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";
const HEADERS: [&str; 11] = [
    "accept",
    "accept-encoding",
    "authorization",
    "content-length",
    "content-type",
    "host",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    SERVER_ID,
];
/// Headers that are sent on; the others of the list are this program's own, or are not needed.
const SENT_ON: [&str; 6] = ["authorization", "content-type", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", SERVER_ID];
/// The longest value of a header.
const LONGEST: usize = 4_096;
/// How far from now a request may have been signed, in seconds. AWS itself takes a quarter of an hour.
const FRESH: i64 = 5 * 60;

/// Why it is not known who somebody is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StsError {
    /// The request is not one that is sent on.
    #[error("the signed request is not accepted: {0}")]
    Request(&'static str),
    /// AWS did not say.
    #[error("AWS STS did not answer: {0}")]
    Web(#[from] WebError),
    /// AWS knows nobody by this signature.
    #[error("AWS STS does not accept the signature")]
    Refused,
    /// What was answered is not understood.
    #[error("the answer of AWS STS is not understood")]
    Answer,
}

/// A request that may be sent on.
#[derive(Clone, PartialEq, Eq)]
#[expect(missing_debug_implementations, reason = "holds a signature")]
pub struct SignedRequest {
    url: String,
    headers: Vec<(&'static str, Zeroizing<String>)>,
}

impl SignedRequest {
    /// Reads what a client sends: `url`, `headers` and, if it will, `method` and `body`. It goes to AWS, or to `endpoint` and nowhere else.
    ///
    /// # Errors
    /// [`StsError::Request`] says what is wrong with it.
    pub fn read(value: &Value, server: &str, endpoint: Option<&str>, now: Timestamp) -> Result<Self, StsError> {
        let wrong = StsError::Request;
        let text = |name: &str| match &value[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str())),
            _ => Err(wrong("its fields are texts, and `headers` an object of texts")),
        };
        if text("method")?.is_some_and(|method| method != "POST") {
            return Err(wrong("its method has to be POST"));
        }
        if text("body")?.is_some_and(|body| body != BODY) {
            return Err(wrong("its body has to be Action=GetCallerIdentity&Version=2011-06-15"));
        }
        let url = text("url")?.ok_or(wrong("it has no `url`"))?;
        let (host, region) = match endpoint {
            Some(endpoint) if url.trim_end_matches('/') == endpoint.trim_end_matches('/') => (authority(endpoint)?, None),
            Some(_) => return Err(wrong("its `url` is not the configured endpoint")),
            None => regional(url).ok_or(wrong("its `url` has to be https://sts.REGION.amazonaws.com/"))?,
        };
        let headers = headers(value["headers"].as_object().ok_or(wrong("it has no `headers`"))?)?;
        let header = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        if header("host").is_some_and(|said| !said.eq_ignore_ascii_case(&host)) {
            return Err(wrong("its header Host is not that of its `url`"));
        }
        if header("content-length").is_some_and(|length| length != BODY.len().to_string()) {
            return Err(wrong("its header Content-Length is not that of its body"));
        }
        let is_form =
            |kind: &str| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        if header("content-type").is_some_and(|kind| !is_form(kind)) {
            return Err(wrong("its header Content-Type is not that of a form"));
        }
        if header(SERVER_ID) != Some(server) {
            return Err(wrong("its header X-Lemur-Server-ID is not this service's URL"));
        }
        let date = header("x-amz-date").ok_or(wrong("it has no header X-Amz-Date"))?;
        let signed_at = moment(date).ok_or(wrong("its header X-Amz-Date is no date"))?;
        if signed_at.as_second().abs_diff(now.as_second()) > FRESH.unsigned_abs() {
            return Err(wrong("it was not signed within the last five minutes"));
        }
        let authorization = Authorization::read(header("authorization").ok_or(wrong("it has no header Authorization"))?)?;
        authorization.check(&date[..8], region, header("x-amz-security-token").is_some())?;
        let sent = headers.into_iter().filter(|(name, _)| SENT_ON.contains(name)).collect();
        let scheme = if endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")) { "http" } else { "https" };
        Ok(Self { url: format!("{scheme}://{host}/"), headers: sent })
    }

    /// Sends it on; gives the ARN of whoever signed it.
    pub(super) async fn caller(self, web: &Web) -> Result<Caller, StsError> {
        let mut call = Call { url: self.url, headers: Vec::new(), body: Some(Zeroizing::new(BODY.as_bytes().to_vec())) };
        if !self.headers.iter().any(|(name, _)| *name == "content-type") {
            call = call.with("content-type", Zeroizing::new("application/x-www-form-urlencoded".to_owned()));
        }
        for (name, value) in self.headers {
            call = call.with(name, value);
        }
        let answer = web.call(call).await.map_err(|error| match error {
            WebError::Status(400..=403) => StsError::Refused,
            other => StsError::Web(other),
        })?;
        Caller::read(&answer)
    }
}

/// The headers by their names in lower case, each of the list and there once.
fn headers(given: &Map<String, Value>) -> Result<Vec<(&'static str, Zeroizing<String>)>, StsError> {
    let wrong = StsError::Request;
    let mut headers: Vec<(&'static str, Zeroizing<String>)> = Vec::with_capacity(given.len());
    for (name, value) in given {
        let known = HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
        let known = known.ok_or(wrong("it has a header that is not sent on"))?;
        if headers.iter().any(|(there, _)| *there == known) {
            return Err(wrong("it has a header twice"));
        }
        let plain = |text: &&str| text.len() <= LONGEST && text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && text.trim() == *text;
        let text = value.as_str().filter(plain).ok_or(wrong("the value of a header is not one text without line breaks"))?;
        headers.push((known, Zeroizing::new(text.to_owned())));
    }
    Ok(headers)
}

/// The host and the region of a regional address of STS.
fn regional(url: &str) -> Option<(String, Option<&str>)> {
    let rest = url.strip_prefix("https://sts.")?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (region, domain) = match rest.strip_suffix(".amazonaws.com.cn") {
        Some(region) => (region, "amazonaws.com.cn"),
        None => (rest.strip_suffix(".amazonaws.com")?, "amazonaws.com"),
    };
    let good =
        (3..=32).contains(&region.len()) && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (good && region.contains('-')).then(|| (format!("sts.{region}.{domain}"), Some(region)))
}

fn authority(endpoint: &str) -> Result<String, StsError> {
    let parsed: Option<http::Uri> = endpoint.parse().ok();
    let authority = parsed.as_ref().and_then(http::Uri::authority).map(ToString::to_string);
    authority.ok_or(StsError::Request("the configured endpoint is no URL"))
}

/// `20260102T030405Z`.
fn moment(text: &str) -> Option<Timestamp> {
    let digits = |range: std::ops::Range<usize>| text.get(range).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    let number = |range| digits(range)?.parse::<i8>().ok();
    if text.len() != 16 || text.as_bytes()[8] != b'T' || text.as_bytes()[15] != b'Z' {
        return None;
    }
    let year = digits(0..4)?.parse().ok()?;
    let civil = DateTime::new(year, number(4..6)?, number(6..8)?, number(9..11)?, number(11..13)?, number(13..15)?, 0).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// What a signature of AWS's version 4 says of itself.
#[derive(Debug, PartialEq, Eq)]
struct Authorization<'a> {
    date: &'a str,
    region: &'a str,
    signed: Vec<&'a str>,
}

impl<'a> Authorization<'a> {
    fn read(text: &'a str) -> Result<Self, StsError> {
        let wrong = || StsError::Request("its header Authorization is none of AWS4-HMAC-SHA256");
        let fields = text.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(wrong)?;
        let (mut credential, mut signed, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field.trim().split_once('=').ok_or_else(wrong)?;
            let place = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed,
                "Signature" => &mut signature,
                _ => return Err(wrong()),
            };
            if place.replace(value).is_some() {
                return Err(wrong());
            }
        }
        let signature = signature.ok_or_else(wrong)?;
        if signature.len() != 64 || !signature.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut scope = credential.ok_or_else(wrong)?.split('/');
        let (key, date, region) = (scope.next(), scope.next(), scope.next());
        if (scope.next(), scope.next(), scope.next()) != (Some("sts"), Some("aws4_request"), None) || key.is_none_or(str::is_empty) {
            return Err(StsError::Request("its signature is not for the service sts"));
        }
        Ok(Self {
            date: date.ok_or_else(wrong)?,
            region: region.ok_or_else(wrong)?,
            signed: signed.ok_or_else(wrong)?.split(';').collect(),
        })
    }

    fn check(&self, date: &str, region: Option<&str>, has_token: bool) -> Result<(), StsError> {
        let wrong = StsError::Request;
        if self.date != date || region.is_some_and(|region| region != self.region) {
            return Err(wrong("its signature is of another day or for another region"));
        }
        if !["host", "x-amz-date", SERVER_ID].iter().all(|name| self.signed.contains(name)) {
            return Err(wrong("Host, X-Amz-Date and X-Lemur-Server-ID have to be among its signed headers"));
        }
        if has_token && !self.signed.contains(&"x-amz-security-token") {
            return Err(wrong("X-Amz-Security-Token has to be among its signed headers"));
        }
        Ok(())
    }
}

/// Whom AWS says that a request is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The ARN of a user or a role. That of a session has become its role's, without the role's path, which AWS does not say.
    pub arn: String,
    /// What the session calls itself.
    pub session: Option<String>,
}

impl Caller {
    /// Reads what AWS STS answers.
    ///
    /// # Errors
    /// [`StsError::Answer`] if it names nobody.
    pub fn read(answer: &[u8]) -> Result<Self, StsError> {
        let arn = element(answer, &["GetCallerIdentityResponse", "GetCallerIdentityResult", "Arn"]).ok_or(StsError::Answer)?;
        Self::of_arn(&arn).ok_or(StsError::Answer)
    }

    /// Takes an ARN of IAM or STS apart.
    fn of_arn(arn: &str) -> Option<Self> {
        let parts: Vec<_> = arn.splitn(6, ':').collect();
        let ["arn", partition, service @ ("iam" | "sts"), "", account, resource] = parts[..] else { return None };
        let plain = arn.len() <= 2_048 && arn.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        if !plain || account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        match resource.strip_prefix("assumed-role/") {
            Some(rest) if service == "sts" => {
                let (role, session) = rest.split_once('/')?;
                let arn = format!("arn:{partition}:iam::{account}:role/{role}");
                Some(Self { arn, session: Some(session.to_owned()) })
            }
            _ => Some(Self { arn: arn.to_owned(), session: None }),
        }
    }
}

/// The text of an element, by the names on the way to it. Entities are not expanded: an ARN has none.
fn element(document: &[u8], path: &[&str]) -> Option<String> {
    let text = std::str::from_utf8(document).ok()?;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0;
    let mut matched = 0;
    let mut found: Option<String> = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if matched == depth && path.get(depth).is_some_and(|name| start.local_name().as_ref() == name.as_bytes()) {
                    matched += 1;
                    // One that is there twice says nothing.
                    if matched == path.len() && found.replace(String::new()).is_some() {
                        return None;
                    }
                }
                depth += 1;
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                matched = matched.min(depth);
            }
            Event::Text(text) if matched == path.len() && depth == path.len() => {
                found.as_mut()?.push_str(std::str::from_utf8(&text).ok()?);
            }
            Event::GeneralRef(_) | Event::CData(_) if matched == path.len() => return None,
            Event::DocType(_) => return None,
            Event::Eof => return found.map(|text| text.trim().to_owned()),
            _ => {}
        }
    }
}

/// Whether a pattern of ARNs says whose account it is: twelve digits, and of an IAM role or user.
#[must_use]
pub fn names_an_account(pattern: &Pattern) -> bool {
    let parts: Vec<_> = pattern.as_str().splitn(6, ':').collect();
    let ["arn", partition, service, "", account, resource] = parts[..] else { return false };
    partition.starts_with("aws")
        && !partition.contains('*')
        && ["iam", "sts"].contains(&service)
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !resource.starts_with("assumed-role/")
        && resource.split_once('/').is_some_and(|(kind, name)| !kind.contains('*') && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SERVER: &str = "https://pki.corp.example";

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().expect("a moment")
    }

    fn authorization(scope: &str, signed: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={signed}, Signature={}", "a".repeat(64))
    }

    const SCOPE: &str = "20261122/eu-west-1/sts/aws4_request";
    const SIGNED: &str = "content-type;host;x-amz-date;x-amz-security-token;x-lemur-server-id";

    fn request() -> Value {
        json!({"url": "https://sts.eu-west-1.amazonaws.com/", "method": "POST", "body": BODY, "headers": {
            "Host": "sts.eu-west-1.amazonaws.com", "X-Amz-Date": "20261122T095900Z", "X-Amz-Security-Token": "token",
            "Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "X-Lemur-Server-ID": SERVER,
            "Authorization": authorization(SCOPE, SIGNED)}})
    }

    fn read(request: &Value) -> Result<SignedRequest, StsError> {
        SignedRequest::read(request, SERVER, None, now())
    }

    #[test]
    fn a_right_request_goes_to_aws_with_its_own_headers_alone() {
        let Ok(read) = read(&request()) else { panic!("it is right") };
        assert_eq!(read.url, "https://sts.eu-west-1.amazonaws.com/");
        let names: Vec<_> = read.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), 5);
        assert!(!names.contains(&"host"), "the host is the address's");
    }

    #[test]
    fn a_request_to_elsewhere_is_refused() {
        for url in [
            "http://sts.eu-west-1.amazonaws.com/",
            "https://sts.eu-west-1.amazonaws.com/x",
            "https://sts.eu-west-1.amazonaws.com/?Action=GetSessionToken",
            "https://sts.eu-west-1.amazonaws.com:8443/",
            "https://sts.eu-west-1.amazonaws.com.evil.example/",
            "https://sts.evil.example/.amazonaws.com/",
            "https://sts.evil.example#.amazonaws.com/",
            "https://sts.evil.example?.amazonaws.com",
            "https://sts.a@evil-1.amazonaws.com/",
            "https://evil.example/sts.eu-west-1.amazonaws.com/",
            "https://sts.amazonaws.com/",
            "https://sts..amazonaws.com/",
            "https://sts.EU-WEST-1.amazonaws.com/",
            "https://iam.eu-west-1.amazonaws.com/",
            "https://sts.eu-west-1.amazonaws.com//",
            "",
        ] {
            let mut other = request();
            other["url"] = json!(url);
            assert!(read(&other).is_err(), "{url}");
        }
        assert!(SignedRequest::read(&request(), SERVER, Some("https://sts.corp.example"), now()).is_err());
    }

    #[test]
    fn a_request_with_other_headers_is_refused() {
        for (name, value) in [
            ("host", "evil.example"),
            ("X-Lemur-Server-ID", "https://other.corp.example"),
            ("X-Amz-Date", "20261122T094459Z"),
            ("X-Amz-Date", "20261122T101501Z"),
            ("X-Amz-Date", "20261121T235900Z"),
            ("X-Amz-Date", "now"),
            ("X-Amz-Target", "x"),
            ("X-Forwarded-Host", "evil.example"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "close"),
            ("Content-Length", "3"),
            ("Content-Type", "application/json"),
            ("X-Amz-Security-Token", "a\r\nX-Evil: b"),
            ("X-Amz-Security-Token", "é"),
            ("X-Lemur-Server-Id ", SERVER),
        ] {
            let mut other = request();
            let headers = other["headers"].as_object_mut().expect("an object");
            headers.retain(|known, _| !known.eq_ignore_ascii_case(name));
            headers.insert(name.to_owned(), json!(value));
            assert!(read(&other).is_err(), "{name}: {value}");
        }
        let mut twice = request();
        twice["headers"]["host"] = json!("sts.eu-west-1.amazonaws.com");
        assert_eq!(read(&twice).err(), Some(StsError::Request("it has a header twice")));
        let mut list = request();
        list["headers"]["Host"] = json!(["sts.eu-west-1.amazonaws.com", "evil.example"]);
        assert!(read(&list).is_err());
        for name in ["Authorization", "X-Amz-Date", "X-Lemur-Server-ID"] {
            let mut other = request();
            other["headers"].as_object_mut().expect("an object").remove(name);
            assert!(read(&other).is_err(), "{name}");
        }
    }

    #[test]
    fn a_request_of_another_method_or_body_is_refused() {
        for (name, value) in [
            ("method", json!("GET")),
            ("method", json!(1)),
            ("body", json!("Action=GetSessionToken&Version=2011-06-15")),
            ("body", json!(format!("{BODY}&x=y"))),
            ("body", json!("")),
            ("headers", Value::Null),
            ("url", Value::Null),
        ] {
            let mut other = request();
            other[name] = value;
            assert!(read(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn what_is_not_signed_does_not_count() {
        for (scope, signed) in [
            ("20261122/eu-west-1/s3/aws4_request", SIGNED),
            ("20261121/eu-west-1/sts/aws4_request", SIGNED),
            ("20261122/us-east-1/sts/aws4_request", SIGNED),
            ("20261122/eu-west-1/sts/aws4_request/x", SIGNED),
            ("20261122/eu-west-1/sts", SIGNED),
            (SCOPE, "host;x-amz-date;x-amz-security-token"),
            (SCOPE, "x-amz-date;x-amz-security-token;x-lemur-server-id"),
            (SCOPE, "host;x-amz-security-token;x-lemur-server-id"),
            (SCOPE, "host;x-amz-date;x-lemur-server-id"),
            (SCOPE, "host;x-amz-date;x-amz-security-token;x-lemur-server-id2"),
            (SCOPE, ""),
        ] {
            let mut other = request();
            other["headers"]["Authorization"] = json!(authorization(scope, signed));
            assert!(read(&other).is_err(), "{scope} {signed}");
        }
        let right = authorization(SCOPE, SIGNED);
        for text in [
            right.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
            right.replace("Signature=", "Signature=zz"),
            format!("{right}, SignedHeaders=host"),
            format!("{right}, X=y"),
            "AWS4-HMAC-SHA256 ".to_owned(),
            "Bearer x".to_owned(),
        ] {
            let mut other = request();
            other["headers"]["Authorization"] = json!(text);
            assert!(read(&other).is_err(), "{text}");
        }
    }

    #[test]
    fn a_session_is_its_role() {
        let of = |arn: &str| Caller::of_arn(arn).map(|caller| (caller.arn, caller.session));
        assert_eq!(
            of("arn:aws:sts::123456789012:assumed-role/deploy/i-0123"),
            Some(("arn:aws:iam::123456789012:role/deploy".to_owned(), Some("i-0123".to_owned())))
        );
        let user = "arn:aws:iam::123456789012:user/team/ci";
        assert_eq!(of(user), Some((user.to_owned(), None)));
        for arn in [
            "arn:aws:sts::1:assumed-role/a/b",
            "arn:aws:s3:::bucket",
            "arn:aws:sts::123456789012:assumed-role/a",
            "",
            "arn:aws:iam::12345678901x:user/a",
        ] {
            assert_eq!(of(arn), None, "{arn}");
        }
    }

    #[test]
    fn the_answer_is_read_where_it_stands() {
        let answer = |inside: &str| {
            format!(
                "<?xml version='1.0'?><GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'>{inside}</GetCallerIdentityResponse>"
            )
        };
        let arn = "<Arn> arn:aws:iam::123456789012:user/ci </Arn>";
        let right = answer(&format!("<GetCallerIdentityResult>{arn}<UserId>x</UserId></GetCallerIdentityResult>"));
        assert_eq!(Caller::read(right.as_bytes()).map(|caller| caller.arn), Ok("arn:aws:iam::123456789012:user/ci".to_owned()));
        for wrong in [
            answer(arn),
            answer(&format!("<X><GetCallerIdentityResult>{arn}</GetCallerIdentityResult></X>")),
            answer(&format!("<GetCallerIdentityResult>{arn}{arn}</GetCallerIdentityResult>")),
            answer(&format!("<GetCallerIdentityResult><X>{arn}</X></GetCallerIdentityResult>")),
            answer("<GetCallerIdentityResult><Arn>&x;arn:aws:iam::123456789012:user/ci</Arn></GetCallerIdentityResult>"),
            format!("<!DOCTYPE x [<!ENTITY y 'z'>]>{right}"),
            right.replace("GetCallerIdentityResponse", "Other"),
            "{\"Arn\": \"x\"}".to_owned(),
            String::new(),
            "<a>".repeat(1_000),
        ] {
            assert!(Caller::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pattern_says_whose_account_it_is() {
        let names = |text: &str| names_an_account(&Pattern::parse(text).expect("a pattern"));
        assert!(names("arn:aws:iam::123456789012:role/deploy-*") && names("arn:aws-cn:iam::123456789012:user/**"));
        for text in [
            "*",
            "**",
            "arn:aws:iam::*:role/deploy",
            "arn:*:iam::123456789012:role/x",
            "arn:aws:iam::123456789012:*",
            "arn:aws:sts::123456789012:assumed-role/x/y",
            "arn:aws:iam::12345678901*:role/x",
        ] {
            assert!(!names(text), "{text}");
        }
    }
}
