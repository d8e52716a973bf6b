//! Clients of REST: each has a connection that it keeps, and sends one order after the other.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::service::Lemur;
use crate::{Clients, Count, Outcome};

const CLIENTS: usize = 32;
/// Orders that a client has ready; it begins again when they are used up.
const ORDERS: usize = 256;

pub(crate) async fn begin(service: &Lemur, count: &Count) -> Outcome<Clients> {
    let (tls, address) = (trusting(service.root_certificate()?)?, service.address);
    let login = json!({"username": "admin", "password": service.password()?}).to_string();
    let signed_in = send(&mut connect(address, Arc::clone(&tls)).await?, "/api/1/auth/login", "", login.into()).await?;
    let signed_in: Value = serde_json::from_slice(&signed_in)?;
    let bearer = format!("Bearer {}", signed_in["token"].as_str().ok_or("no token")?);
    let mut clients = Clients::new();
    for client in 0..CLIENTS {
        let (tls, count, bearer, orders) = (Arc::clone(&tls), count.clone(), bearer.clone(), orders(client)?);
        clients.spawn(async move {
            let mut connection = connect(address, tls).await?;
            for order in orders.iter().cycle() {
                if count.is_over() {
                    break;
                }
                send(&mut connection, "/api/1/certificates", &bearer, order.clone()).await?;
                count.add();
            }
            Ok(())
        });
    }
    Ok(clients)
}

fn orders(client: usize) -> Outcome<Vec<Bytes>> {
    let order = |number: usize| {
        let name = format!("n{number}.c{client}.example.com");
        let csr = CertificateParams::new([name.clone()])?.serialize_request(&KeyPair::generate()?)?.pem()?;
        let order = json!({"owner": "team@example.com", "authority": {"name": "internal"}, "commonName": name, "csr": csr});
        Ok(Bytes::from(order.to_string()))
    };
    (0..ORDERS).map(order).collect()
}

/// TLS by which a client trusts this root alone.
pub(crate) fn trusting(root: CertificateDer<'static>) -> Outcome<Arc<rustls::ClientConfig>> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(tls.with_root_certificates(roots).with_no_client_auth()))
}

/// A connection that sends what it is given at once.
pub(crate) async fn connect<B>(address: SocketAddr, tls: Arc<rustls::ClientConfig>) -> Outcome<SendRequest<B>>
where
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let stream = TlsConnector::from(tls).connect(ServerName::from(address.ip()), stream).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn send(connection: &mut SendRequest<Full<Bytes>>, path: &str, bearer: &str, body: Bytes) -> Outcome<Bytes> {
    let mut request = Request::post(path).header(header::HOST, "127.0.0.1").header(header::CONTENT_TYPE, "application/json");
    if !bearer.is_empty() {
        request = request.header(header::AUTHORIZATION, bearer);
    }
    connection.ready().await?;
    let answer = connection.send_request(request.body(Full::new(body))?).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    if status.is_success() { Ok(body) } else { Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into()) }
}
