//! A Lambda bootstrap that answers an event with the event, for the tests of the harness itself. An event may ask for more:
//! `{"do": "environment" | "headers" | "error" | "exit" | "hang" | "skip"}`. With `FAIL_INIT` set it reports that it cannot start.

use menagerie_tests::http::{Request, Response, call};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let service: SocketAddr = std::env::var("AWS_LAMBDA_RUNTIME_API")?.parse()?;
    let post = |path: &str, body: String| call(service, &Request::new("POST", &format!("/2018-06-01/runtime/{path}"), body));
    if std::env::var_os("FAIL_INIT").is_some() {
        post("init/error", json!({"errorType": "Test.Init", "errorMessage": "cannot start"}).to_string())?;
        std::process::exit(1);
    }
    loop {
        let next = call(service, &Request::new("GET", "/2018-06-01/runtime/invocation/next", ""))?;
        let id = next.value("lambda-runtime-aws-request-id").unwrap_or("none").to_owned();
        let event: Value = serde_json::from_slice(&next.body).unwrap_or_default();
        match event["do"].as_str() {
            Some("exit") => std::process::exit(7),
            Some("hang") => std::thread::sleep(std::time::Duration::from_secs(600)),
            Some("skip") => {}
            Some("error") => drop(post(&format!("invocation/{id}/error"), json!({"errorType": "Test.Asked"}).to_string())?),
            Some("environment") => drop(post(&format!("invocation/{id}/response"), environment().to_string())?),
            Some("headers") => drop(post(&format!("invocation/{id}/response"), headers(&next).to_string())?),
            _ => drop(post(&format!("invocation/{id}/response"), String::from_utf8_lossy(&next.body).into_owned())?),
        }
    }
}

fn environment() -> Value {
    json!(std::env::vars().collect::<BTreeMap<_, _>>())
}

fn headers(response: &Response) -> Value {
    json!(response.headers.iter().cloned().collect::<BTreeMap<_, _>>())
}
