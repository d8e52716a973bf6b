//! A name server that takes dynamic updates (RFC 2136), signed with a shared key (TSIG, RFC 8945), over TCP.
//!
//! Every message is signed, the question for the zone too, and every answer has to be. An update that adds what is there, or takes away what
//! is not, is none: both may be repeated.

mod key;

use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::update_message::{append, delete_by_rdata};
use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use hickory_proto::rr::rdata::TXT;
use hickory_proto::rr::rdata::tsig::TsigError;
use hickory_proto::rr::{Name, RData, Record as DnsRecord, RecordSet, RecordType, TSigner};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::record::{Record, TTL};
use super::timed::Writer;
use super::{BoxFuture, DnsError};
use crate::config::dns::Rfc2136Settings;
use crate::engine::Clock;

pub(super) use key::KeyError;

/// How far the server's clock and ours may be apart, in seconds.
const FUDGE: u16 = 300;

/// How long one question and its answer may take.
const EXCHANGE: Duration = Duration::from_secs(15);

/// How often a server is asked that is not reached, or fails.
const TRIES: u32 = 3;

/// How long after a failure the server is asked again, the first time.
const PAUSE: Duration = Duration::from_secs(1);

pub(super) struct Rfc2136Writer {
    server: SocketAddr,
    signer: TSigner,
    /// The zone's name, where the configuration names it.
    zone: Option<Name>,
    clock: Clock,
}

impl Rfc2136Writer {
    /// # Errors
    /// [`KeyError`] if the key cannot be had.
    pub(super) fn new(settings: &Rfc2136Settings, clock: Clock) -> Result<Self, KeyError> {
        let zone = settings.zone.as_deref().map(absolute).transpose().map_err(|_| KeyError::Zone)?;
        Ok(Self { server: settings.server, signer: key::signer(settings, FUDGE)?, zone, clock })
    }

    /// The zone that holds the name, as the server says that answers for it.
    async fn zone(&self, name: &Name) -> Result<Name, DnsError> {
        let none = || DnsError::NoZone { name: name.to_ascii().trim_end_matches('.').to_owned() };
        if let Some(zone) = &self.zone {
            return if zone.zone_of(name) { Ok(zone.clone()) } else { Err(none()) };
        }
        let answer = self.exchange(|| {
            let mut question = Message::query();
            question.metadata.recursion_desired = false;
            question.add_query(Query::query(name.clone(), RecordType::SOA));
            question
        });
        let answer = answer.await?;
        // The zone's own record comes as the answer, or as the reason why there is none.
        let mut records = answer.answers.iter().chain(&answer.authorities);
        let zone = records.find(|record| record.record_type() == RecordType::SOA && record.name.zone_of(name));
        match (answer.metadata.response_code, zone) {
            (ResponseCode::NoError | ResponseCode::NXDomain, Some(zone)) if answer.metadata.authoritative => Ok(zone.name.clone()),
            (ResponseCode::NoError | ResponseCode::NXDomain | ResponseCode::Refused, _) => Err(none()),
            (code, _) => Err(failed(code)),
        }
    }

    async fn update(&self, record: Record<'_>, change: fn(RecordSet, Name) -> Message) -> Result<(), DnsError> {
        let name = absolute(record.name())?;
        let zone = self.zone(&name).await?;
        let text = RData::TXT(TXT::new(vec![record.value().to_owned()]));
        let set = RecordSet::from(DnsRecord::from_rdata(name, TTL, text));
        let answer = self.exchange(|| change(set.clone(), zone.clone())).await?;
        match answer.metadata.response_code {
            ResponseCode::NoError => Ok(()),
            code => Err(failed(code)),
        }
    }

    /// A question, which `made` makes anew each time, and the answer to it, which is signed.
    async fn exchange(&self, made: impl Fn() -> Message + Send) -> Result<Message, DnsError> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.once(made()).await {
                Err(error) if error.passes() => tracing::debug!(%error, "the name server is asked again"),
                done => return done,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.once(made()).await
    }

    async fn once(&self, question: Message) -> Result<Message, DnsError> {
        tokio::time::timeout(EXCHANGE, self.asked(question)).await.unwrap_or(Err(DnsError::TimedOut(EXCHANGE)))
    }

    async fn asked(&self, mut question: Message) -> Result<Message, DnsError> {
        let now = u64::try_from(self.clock.now().as_second()).unwrap_or_default();
        let unfit = |error: hickory_proto::ProtoError| DnsError::Unfit(error.to_string());
        let verifier = question.finalize(&self.signer, now).map_err(unfit)?;
        let bytes = question.to_vec().map_err(unfit)?;
        let answer = self.over_tcp(&bytes).await.map_err(|error| DnsError::Unreachable(format!("{}: {error}", self.server)))?;
        // Read as a whole first: what is no message is not looked at any further.
        let message = Message::from_vec(&answer).map_err(|_| self.foreign("is no DNS message"))?;
        if message.metadata.id != question.metadata.id || message.metadata.message_type != MessageType::Response {
            return Err(self.foreign("is none to what was asked"));
        }
        self.key_is_known(&message)?;
        let mut verifier = verifier.ok_or_else(|| DnsError::Unfit("the question was not signed".to_owned()))?;
        if verifier.verify(&answer).is_err() {
            return Err(match message.metadata.response_code {
                ResponseCode::NoError => self.foreign("is not signed with the key"),
                code => DnsError::Refused(format!("{}: {code} (not signed)", self.server)),
            });
        }
        match message.metadata.response_code {
            // While it reads its zones again, say.
            ResponseCode::ServFail => Err(DnsError::Unreachable("the name server failed (SERVFAIL)".to_owned())),
            _ => Ok(message),
        }
    }

    async fn over_tcp(&self, question: &[u8]) -> std::io::Result<Vec<u8>> {
        let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
        let mut stream = TcpStream::connect(self.server).await?;
        stream.write_all(&[&length.to_be_bytes(), question].concat()).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    /// What a server says of our signature, unsigned since it has no key for it. It only makes an error readable.
    fn key_is_known(&self, answer: &Message) -> Result<(), DnsError> {
        let (name, server) = (self.signer.signer_name(), self.server);
        let refused = |text: String| Err(DnsError::Refused(text));
        match answer.signature.as_ref().and_then(|signature| signature.data.error) {
            None => Ok(()),
            Some(TsigError::BadKey) => {
                refused(format!("{server} does not know the key {name} by the algorithm {}", self.signer.algorithm()))
            }
            Some(TsigError::BadSig) => refused(format!("{server} has another secret for the key {name}")),
            Some(TsigError::BadTime) => refused(format!("the clock of {server} and ours are more than {FUDGE} seconds apart")),
            Some(other) => refused(format!("{server} refuses the key {name}: {other:?}")),
        }
    }

    fn foreign(&self, what: &str) -> DnsError {
        DnsError::Unreachable(format!("the answer of {} {what}", self.server))
    }
}

impl Writer for Rfc2136Writer {
    fn publish<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(self.update(record, |set, zone| append(set, zone, false, false)))
    }

    fn withdraw<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(self.update(record, |set, zone| delete_by_rdata(set, zone, false)))
    }
}

fn absolute(name: &str) -> Result<Name, DnsError> {
    let mut name = Name::from_ascii(name).map_err(|_| DnsError::Unfit(format!("{name:?} is no name")))?;
    name.set_fqdn(true);
    Ok(name)
}

fn failed(code: ResponseCode) -> DnsError {
    match code {
        ResponseCode::NotAuth => DnsError::Refused("the name server does not answer for the zone (NOTAUTH)".to_owned()),
        ResponseCode::Refused => DnsError::Refused("the name server does not let this key write the record (REFUSED)".to_owned()),
        other => DnsError::Refused(format!("the name server refuses: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::op::OpCode;

    use super::*;

    #[test]
    fn a_change_names_one_record_and_its_zone() {
        let name = absolute("_acme-challenge.www.example.com").expect("a name");
        let zone = absolute("example.com").expect("a name");
        let text = RData::TXT(TXT::new(vec!["x".to_owned()]));
        let set = RecordSet::from(DnsRecord::from_rdata(name, TTL, text));
        let added = append(set.clone(), zone.clone(), false, false);
        assert_eq!((added.metadata.op_code, added.answers.len(), added.authorities.len()), (OpCode::Update, 0, 1));
        let removed = delete_by_rdata(set, zone.clone(), false);
        assert_eq!(removed.queries[0].name(), &zone);
        assert_eq!(removed.authorities[0].dns_class, hickory_proto::rr::DNSClass::NONE);
        assert_eq!(removed.authorities[0].ttl, 0);
    }
}
