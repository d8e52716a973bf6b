//! TLS with what was issued: servers and clients that others wrote, which trust the root alone.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use menagerie_tests::eventually;
use menagerie_tests::process::{Running, command, free_port};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::house::{House, client};

/// A root, an issuer under it, and what was issued: `server.pem`, `server.key`, `client.pem`, `client.key` of these kinds of key.
fn issued(key_type: &str) -> House {
    let house = House::new();
    let root = house.done("authority create root --common-name Root --key-type ecdsa-p384");
    house.write("root.pem", root);
    house.done(&format!(
        "authority create tls --common-name TLS --parent root --permit-dns corp.example --permit-ip 127.0.0.0/8 --key-type {key_type}"
    ));
    let names = "--name www.corp.example --name 127.0.0.1";
    for (name, asked) in [
        ("server", format!("--profile tls-server {names} --key-type {key_type}")),
        ("client", format!("--profile tls-client --common-name deploy.corp.example --key-type {key_type}")),
        ("workload", "--profile mtls-workload --name job.corp.example".to_owned()),
    ] {
        let said = house.done(&format!("certificate issue --authority tls {asked} --out ."));
        for (path, end) in said.lines().zip(["pem", "key"]) {
            std::fs::rename(house.file(path), house.file(&format!("{name}.{end}"))).unwrap();
        }
    }
    house
}

fn chain(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

fn key(path: &Path) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(path).unwrap()
}

fn roots(house: &House) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(chain(&house.file("root.pem")).remove(0)).unwrap();
    Arc::new(roots)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// One exchange with a server that has `server.pem` and wants a client of ours; what the client read, or why it did not.
fn exchange(house: &House, name: &str, client: Option<&str>) -> Result<String, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(house), provider()).build().unwrap();
    let server = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let server = server.with_client_cert_verifier(verifier);
    let server = Arc::new(server.with_single_cert(chain(&house.file("server.pem")), key(&house.file("server.key"))).unwrap());
    let serving = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut tls = StreamOwned::new(ServerConnection::new(server).unwrap(), stream);
        let mut asked = [0; 4];
        // A client that is refused reads why.
        if tls.read_exact(&mut asked).is_ok() {
            tls.write_all(b"welcome").unwrap();
            tls.conn.send_close_notify();
        }
        let _ = tls.flush();
    });
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots(house));
    let config = match client {
        Some(client) => {
            let file = |end: &str| house.file(&format!("{client}.{end}"));
            config.with_client_auth_cert(chain(&file("pem")), key(&file("key"))).unwrap()
        }
        None => config.with_no_client_auth(),
    };
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut tls = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), TcpStream::connect(address).unwrap());
    let mut text = String::new();
    let done = tls.write_all(b"knok").and_then(|()| tls.read_to_string(&mut text)).map_err(|error| error.to_string());
    drop(tls);
    serving.join().unwrap();
    done.map(|_| text)
}

#[test]
fn rustls_serves_it_and_trusts_clients_of_it() {
    for key_type in ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "ed25519"] {
        let house = issued(key_type);
        for name in ["www.corp.example", "127.0.0.1"] {
            assert_eq!(exchange(&house, name, Some("client")).as_deref(), Ok("welcome"), "{key_type} {name}");
        }
        assert_eq!(exchange(&house, "www.corp.example", Some("workload")).as_deref(), Ok("welcome"), "{key_type}");
        assert!(exchange(&house, "other.corp.example", Some("client")).unwrap_err().contains("not valid for name"));
        assert!(exchange(&house, "www.corp.example", None).unwrap_err().contains("CertificateRequired"));
        // A server's certificate is no client's.
        let misused = exchange(&house, "www.corp.example", Some("server"));
        assert!(misused.as_ref().is_err_and(|error| error.contains("received fatal alert")), "{misused:?}");
    }
}

#[test]
fn openssl_serves_it_to_clients_that_trust_the_root() {
    let house = issued("ecdsa-p256");
    let port = free_port();
    let mut server = command("openssl");
    server.current_dir(house.file("")).args(["s_server", "-www", "-accept", &format!("127.0.0.1:{port}")]);
    server.args(["-cert", "server.pem", "-cert_chain", "server.pem", "-key", "server.key"]);
    let (_server, _) = Running::start_followed("openssl s_server", server);
    assert!(eventually(Duration::from_secs(60), || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()));

    let root = std::fs::read(house.file("root.pem")).unwrap();
    // It serves one connection after another: this one ends with its page.
    let page = client(&root).get(format!("https://127.0.0.1:{port}/")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(page.contains("s_server"), "{page}");
    let connect = format!("s_client -connect 127.0.0.1:{port} -verify_return_error -CAfile root.pem");
    let said = house.run("openssl", &format!("{connect} -verify_hostname www.corp.example"));
    assert!(said.contains("Verification: OK") && said.contains("Verified peername: www.corp.example"), "{said}");
    assert_ne!(house.tried("openssl", &format!("{connect} -verify_hostname other.corp.example")).status, Some(0));

    // Whoever trusts another root does not come in.
    let stranger = issued("ecdsa-p256");
    let other = std::fs::read(stranger.file("root.pem")).unwrap();
    assert!(client(&other).get(format!("https://127.0.0.1:{port}/")).call().is_err());
}
