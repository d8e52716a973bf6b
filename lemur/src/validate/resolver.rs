//! What validation asks the name service: addresses, TXT and CAA, of the servers that were handed in and of no cache. A name is always taken
//! as fully qualified; no search list and no hosts file has a part in it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

use super::failure::Failure;

/// How long one server is waited for, each of [`ATTEMPTS`] times.
const PATIENCE: Duration = Duration::from_secs(2);

const ATTEMPTS: usize = 2;

/// How many records of an answer are looked at.
const RECORDS: usize = 100;

/// How long a text may be that is looked at, in bytes.
const TEXT: usize = 4_096;

/// The name service, by the servers that were handed in.
#[derive(Clone)]
pub struct Resolver {
    inner: TokioResolver,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// No server was named.
    #[error("name a DNS server for validation: none is set")]
    NoServer,
    /// The library refused what it was told.
    #[error("cannot use these DNS servers: {0}")]
    Setup(Box<NetError>),
}

/// A TXT record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// Its parts, joined.
    pub(super) bytes: Vec<u8>,
    /// For how long it may be kept, as the name's owner says.
    pub(super) life: Duration,
}

/// A CAA record (RFC 8659, 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CaaRecord {
    pub(super) critical: bool,
    pub(super) tag: String,
    pub(super) value: Vec<u8>,
}

impl Resolver {
    /// Asks these servers, which resolve recursively, over UDP and, where an answer is long, TCP.
    ///
    /// # Errors
    /// [`ResolverError`] if there is none.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, ResolverError> {
        if servers.is_empty() {
            return Err(ResolverError::NoServer);
        }
        let server = |address: &SocketAddr| {
            let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                connection.port = address.port();
                connection
            });
            NameServerConfig::new(address.ip(), true, connections.to_vec())
        };
        let config = ResolverConfig::from_name_servers(servers.iter().map(server).collect());
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options();
        Ok(Self { inner: builder.build().map_err(|error| ResolverError::Setup(Box::new(error)))? })
    }

    /// The addresses of a name, those of IPv6 first. At least one.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Failure> {
        let (sixes, fours) = tokio::join!(self.ask(name, RecordType::AAAA), self.ask(name, RecordType::A));
        let both: Vec<RData> = match (sixes, fours) {
            (Ok(sixes), Ok(fours)) => sixes.into_iter().chain(fours).collect(),
            (Ok(some), Err(_)) | (Err(_), Ok(some)) if !some.is_empty() => some,
            (Err(failure), _) | (_, Err(failure)) => return Err(failure),
        };
        let addresses: Vec<IpAddr> = both.iter().filter_map(RData::ip_addr).collect();
        if addresses.is_empty() { Err(Failure::NoAddress { name: name.to_owned() }) } else { Ok(addresses) }
    }

    /// Whether a name has a text.
    pub(crate) async fn has_text(&self, name: &str, text: &str) -> Result<bool, Failure> {
        Ok(self.texts(name).await?.iter().any(|found| found.bytes == text.as_bytes()))
    }

    /// The texts at a name, their parts joined. None is no failure.
    pub(super) async fn texts(&self, name: &str) -> Result<Vec<Text>, Failure> {
        let records = self.records(name, RecordType::TXT).await?;
        let texts = records.iter().filter_map(|record| match &record.data {
            RData::TXT(text) => Some(Text { bytes: text.txt_data.concat(), life: Duration::from_secs(record.ttl.into()) }),
            _ => None,
        });
        Ok(texts.filter(|text| text.bytes.len() <= TEXT).collect())
    }

    /// The CAA records at a name itself. None is no failure; no answer is.
    pub(super) async fn caa(&self, name: &str) -> Result<Vec<CaaRecord>, Failure> {
        let records = self.ask(name, RecordType::CAA).await?;
        let records = records.into_iter().filter_map(|record| match record {
            RData::CAA(caa) => Some(CaaRecord { critical: caa.issuer_critical, tag: caa.tag.clone(), value: caa.value.clone() }),
            _ => None,
        });
        Ok(records.collect())
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, Failure> {
        Ok(self.records(name, kind).await?.into_iter().map(|record| record.data).collect())
    }

    async fn records(&self, name: &str, kind: RecordType) -> Result<Vec<Record>, Failure> {
        let failure = |reason| Failure::Dns { name: name.to_owned(), reason };
        let mut qualified = Name::from_ascii(name).map_err(|_| failure("it is no name"))?;
        qualified.set_fqdn(true);
        match self.inner.lookup(qualified, kind).await {
            Ok(answer) => {
                let records = answer.answers();
                if records.len() > RECORDS {
                    return Err(failure("it has too many records"));
                }
                Ok(records.iter().filter(|record| record.record_type() == kind).cloned().collect())
            }
            Err(error) => match reason(&error) {
                None => Ok(Vec::new()),
                Some(reason) => Err(failure(reason)),
            },
        }
    }
}

/// What went wrong, unless it is that there is no such record.
fn reason(error: &NetError) -> Option<&'static str> {
    let code = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => none.response_code,
        NetError::Dns(DnsError::ResponseCode(code)) => *code,
        NetError::Timeout => return Some("it took too long"),
        NetError::Io(_) | NetError::NoConnections | NetError::Busy => return Some("no server can be reached"),
        _ => return Some("the answer is not understood"),
    };
    match code {
        ResponseCode::NoError | ResponseCode::NXDomain => None,
        ResponseCode::ServFail => Some("SERVFAIL"),
        ResponseCode::Refused => Some("REFUSED"),
        _ => Some("the server answers with an error"),
    }
}

fn options() -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = PATIENCE;
    options.attempts = ATTEMPTS;
    options.edns0 = true;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    options.preserve_intermediates = false;
    options.try_tcp_on_error = true;
    options
}
