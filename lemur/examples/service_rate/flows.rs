//! Clients of ACME, by `instant-acme`: each has an account, and goes from a new order to the chain by dns-01, one after the other.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use instant_acme::{
    Account, BodyWrapper, BytesResponse, ChallengeType, Error, ExternalAccountKey, HttpClient, Identifier, NewAccount, NewOrder,
    OrderStatus, RetryPolicy,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use crate::orders::{connect, trusting};
use crate::service::AcmeAt;
use crate::{Clients, Count, Outcome};

const CLIENTS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(20);
const QUICK: RetryPolicy = RetryPolicy::new().initial_delay(Duration::from_millis(5)).backoff(1.2).timeout(Duration::from_secs(60));

pub(crate) async fn begin(at: &AcmeAt, count: &Count) -> Outcome<Clients> {
    let mut clients = Clients::new();
    for client in 0..CLIENTS {
        let binding = at.binding.as_ref().map(|(id, key)| ExternalAccountKey::new(id.clone(), key));
        let new = NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
        let http = Box::new(Kept::connect(at.address, &at.root).await?);
        let (account, _) = Account::builder_with_http(http).create(&new, at.directory.clone(), binding.as_ref()).await?;
        let (account, names, count) = (Arc::new(account), at.names, count.clone());
        clients.spawn(async move {
            let mut records = Records::connect(names).await?;
            for number in 0_u64.. {
                if count.is_over() {
                    break;
                }
                flow(&account, &mut records, &format!("n{number}.c{client}.example.com")).await?;
                count.add();
            }
            Ok(())
        });
    }
    Ok(clients)
}

async fn flow(account: &Account, records: &mut Records, name: &str) -> Outcome<()> {
    let mut order = account.new_order(&NewOrder::new(&[Identifier::Dns(name.to_owned())])).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let mut challenge = authorization.challenge(ChallengeType::Dns01).ok_or("dns-01 is not offered")?;
        let proof = challenge.key_authorization().dns_value();
        records.tell("set-txt", name, &proof).await?;
        challenge.set_ready().await?;
    }
    if order.poll_ready(&QUICK).await? != OrderStatus::Ready {
        return Err(format!("the order for {name} is not ready").into());
    }
    order.finalize().await?;
    let chain = order.poll_certificate(&QUICK).await?;
    records.tell("clear-txt", name, "").await?;
    if chain.contains("BEGIN CERTIFICATE") { Ok(()) } else { Err("no certificate came".into()) }
}

/// A client's connection, which it keeps. The client that comes with the library has Nagle's algorithm on: what is measured would wait 40 ms
/// for the rest of each request.
struct Kept(Arc<Mutex<SendRequest<BodyWrapper<Bytes>>>>);

impl Kept {
    async fn connect(address: SocketAddr, root: &Path) -> Outcome<Self> {
        Ok(Self(Arc::new(Mutex::new(connect(address, trusting(CertificateDer::from_pem_file(root)?)?).await?))))
    }
}

impl HttpClient for Kept {
    fn request(&self, request: Request<BodyWrapper<Bytes>>) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let connection = Arc::clone(&self.0);
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            let host = head.uri.authority().map(ToString::to_string).unwrap_or_default();
            head.headers.insert(header::HOST, host.parse().map_err(|_| Error::Str("no host"))?);
            head.uri = head.uri.path().parse().map_err(|_| Error::Str("no path"))?;
            let sent = async {
                let mut connection = connection.lock().await;
                connection.ready().await?;
                connection.send_request(Request::from_parts(head, body)).await
            };
            let answer = tokio::time::timeout(PATIENCE, sent).await.map_err(|_| Error::Str("no answer came"))?;
            answer.map(BytesResponse::from).map_err(|error| Error::Other(Box::new(error)))
        })
    }
}

/// The management of pebble's name service, on a connection that is kept.
struct Records {
    address: SocketAddr,
    connection: SendRequest<Full<Bytes>>,
}

impl Records {
    async fn connect(address: SocketAddr) -> Outcome<Self> {
        let (connection, running) = handshake(TokioIo::new(TcpStream::connect(address).await?)).await?;
        tokio::spawn(running);
        Ok(Self { address, connection })
    }

    async fn tell(&mut self, what: &str, name: &str, value: &str) -> Outcome<()> {
        let body = json!({"host": format!("_acme-challenge.{name}."), "value": value}).to_string();
        self.connection.ready().await?;
        let request = Request::post(format!("/{what}")).header(header::HOST, self.address.to_string()).body(Full::from(body))?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status();
        answer.into_body().collect().await?;
        if status.is_success() { Ok(()) } else { Err(format!("{what}: {status}").into()) }
    }
}
