//! What is shown of providers of DNS: names and kinds, and never what stands behind them.

use std::sync::Arc;

use lemur::dns::{BoxFuture, DnsError, DnsProvider, Kind, Providers};
use lemur::rest::Settings;
use serde_json::json;

use super::support::Service;

struct Nowhere;

impl DnsProvider for Nowhere {
    fn publish<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async { Ok(()) })
    }

    fn withdraw<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async { Ok(()) })
    }
}

#[test]
fn providers_are_listed_by_name_and_kind_and_changed_by_nobody() {
    let providers = [("corp", Kind::Rfc2136), ("edge", Kind::Cloudflare), ("own", Kind::Hook)];
    let dns = providers.into_iter().fold(Providers::default(), |all, (name, kind)| all.with(name, kind, Arc::new(Nowhere)));
    let service = Service::start_with(Settings { dns, ..Settings::default() });
    let get = |path: &str| service.get(path, &service.admin).done();

    let listed = get("/dns_providers");
    assert_eq!(listed["total"], 3);
    let first = &listed["items"][0];
    let id = Providers::id("corp");
    let shown = json!({"id": id, "name": "corp", "description": "A name server, by dynamic updates", "providerType": "rfc2136", "active": true, "options": []});
    assert_eq!(*first, shown);
    assert_eq!(get(&format!("/dns_providers/{id}")), shown);
    assert_eq!(get("/dns_providers?count=1&page=2")["items"][0]["name"], "edge");
    assert_eq!(get("/dns_providers?filter=providerType;hook")["items"][0]["name"], "own");
    assert_eq!(get("/dns_providers?filter=name;or")["total"], 1);
    assert_eq!(get("/dns_providers?sortDir=desc")["items"][0]["name"], "own");
    service.get("/dns_providers?filter=token;x", &service.admin).reason("filter");
    service.get("/dns_providers/1", &service.admin).refused(404);
    let kinds = get("/dns_provider_options");
    let all =
        if cfg!(feature = "aws") { json!(["route53", "cloudflare", "rfc2136", "hook"]) } else { json!(["cloudflare", "rfc2136", "hook"]) };
    assert_eq!(kinds, all);

    let body = json!({"name": "mine", "providerType": "hook", "credentials": {"program": "/bin/sh"}});
    for (method, path) in
        [("POST", "/dns_providers".to_owned()), ("PUT", format!("/dns_providers/{id}")), ("DELETE", format!("/dns_providers/{id}"))]
    {
        let refused = service.call(method, &path, &service.admin, (method != "DELETE").then_some(&body)).refused(400);
        assert!(refused["message"].as_str().unwrap().contains("the server's configuration file"), "{refused}");
    }
    assert_eq!(get("/dns_providers")["total"], 3);
}
