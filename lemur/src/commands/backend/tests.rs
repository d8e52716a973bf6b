//! A client among servers that mean no good: what is too large, too slow, no JSON, or elsewhere.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use menagerie_secret::Secret;
use menagerie_web::{Limits, Server as WebServer, Tls};
use serde_json::json;

use super::*;

#[test]
fn what_is_refused_is_one_line_that_drives_no_terminal() {
    let said = |status, body| sentence(&Answer { status, body }, &[]);
    let body = json!({"message": "Validation Error.", "reasons": {"name": "taken", "owner": "no address"}});
    assert_eq!(said(400, body), "name: taken; owner: no address");
    assert_eq!(said(404, json!({"message": "No such thing."})), "No such thing");
    assert_eq!(said(500, json!([])), "the server answered 500 and said nothing about it");
    let hostile = said(400, json!({"message": "\u{1b}[2Jall is well\nreally"}));
    assert!(!hostile.contains('\u{1b}') && !hostile.contains('\n'), "{hostile:?}");
    assert_eq!(said(400, json!({"message": "x".repeat(100_000)})).len(), LONGEST_SENTENCE);
}

struct Hostile {
    _folder: tempfile::TempDir,
    url: String,
    root: PathBuf,
    /// Whether a token came where none belongs.
    stolen: Arc<AtomicBool>,
}

/// A server with a certificate that the client trusts, and answers that it should not.
fn hostile() -> Hostile {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root.pem");
    std::fs::write(&root, certificate.pem()).unwrap();
    let tls = Tls::from_pem(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let stolen = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&stolen);
    let router = Router::new()
        .route("/api/1/large", get(async || vec![b' '; 65 << 20]))
        .route("/api/1/text", get(async || "<html>"))
        .route("/api/1/redirect", get(async || Redirect::temporary("/api/1/elsewhere")))
        .route("/api/1/elsewhere", get(async move || seen.store(true, Ordering::SeqCst)))
        .route("/api/1/slow", get(async || tokio::time::sleep(Duration::from_secs(60)).await))
        .route("/api/1/users", get(async || axum::Json(json!({"items": vec![0; 1_000], "total": 1}))))
        .route("/api/1/roles", get(async || axum::Json(json!({"items": {}, "total": 1}))));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(WebServer::new(Limits::default()).https(listener, tls, router).run(std::future::pending()));
    Hostile { _folder: folder, url, root, stolen }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_means_no_good_is_left() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let hostile = hostile();
    let server = Server::with_patience(&hostile.url, Some(&hostile.root), Duration::from_secs(20)).unwrap();
    let token = Secret::new("a-token".to_owned());
    let ask = async |path: &str| server.call("GET", path, Some(&token), None).await;
    for (path, said) in [("/large", "it has more than"), ("/text", "no JSON")] {
        let refused = ask(path).await.unwrap_err();
        assert!(matches!(refused, Refusal::Foreign { .. }) && refused.to_string().contains(said), "{path}: {refused}");
    }
    assert_eq!(ask("/redirect").await.unwrap().status, 307);
    assert!(!hostile.stolen.load(Ordering::SeqCst), "a redirect gets no token");
    let hurried = Server::with_patience(&hostile.url, Some(&hostile.root), Duration::from_millis(300)).unwrap();
    let late = hurried.call("GET", "/slow", Some(&token), None).await.unwrap_err();
    assert!(late.to_string().contains("no answer in time"), "{late}");

    // Lists end, whatever the server says.
    let backend = Backend { at: At::There(Remote::of(server, token)), options: Vec::new() };
    let endless = backend.all("/users", "").await.unwrap_err();
    assert!(endless.to_string().contains("no end"), "{endless}");
    assert!(backend.all("/roles", "").await.unwrap_err().to_string().contains("no list"));
    assert_eq!(backend.some("/users", "", 10).await.unwrap().0.len(), 10);
}
