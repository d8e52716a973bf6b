//! What clients ask for in Lemur's ways: lists by whole names and by parts, bodies that were read and are sent back, fields that are spelled or
//! meant otherwise, and an authority's time.

use serde_json::{Value, json};

use super::support::{Service, new_authority, new_certificate, on_both};

#[test]
fn what_holds_is_asked_for_by_whole_names_and_owners() {
    on_both(|service| {
        service.authority("Root");
        let admin = &service.admin;
        let make = |name: &str, owner: &str, more: Value| {
            let mut new = new_certificate("Root", name);
            new["owner"] = json!(owner);
            new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            service.post("/certificates", admin, &new).done()["id"].clone()
        };
        let san = json!({"extensions": {"subAltNames": {"names": [{"nameType": "DNSName", "value": "alt.vv.example"}]}}});
        let app = make("app.vv.example", "Team@example.com", san);
        let other = make("myapp.vv.example", "otherteam@example.com", json!({}));
        let replaced = make("old.vv.example", "team@example.com", json!({}));
        let new = make("old.vv.example", "team@example.com", json!({"replaces": [{"id": replaced}]}));
        let ids = |query: &str| {
            let mut ids: Vec<_> = service.get(&format!("/certificates/valid?count=100&{query}"), admin).done()["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|one| one["cn"] != "Root")
                .map(|one| one["id"].clone())
                .collect();
            ids.sort_by_key(|id| id.as_i64());
            ids
        };
        assert_eq!(ids("filter=cn;app.vv.example&owner=team@example.com&count=1"), std::slice::from_ref(&app));
        assert_eq!(ids("filter=cn;APP.vv.example&owner=TEAM@example.com"), std::slice::from_ref(&app));
        assert_eq!(ids("filter=cn;app.vv.example&owner=eam@example.com"), Vec::<Value>::new());
        assert_eq!(ids("filter=cn;pp.vv.example"), Vec::<Value>::new());
        assert_eq!(ids("filter=cn;%25app.vv.example"), [app.clone(), other.clone()]);
        assert_eq!(ids("filter=cn;%25&owner=%25team@example.com"), [app.clone(), other.clone(), new.clone()]);
        assert_eq!(ids("san=alt.VV.example"), std::slice::from_ref(&app));
        assert_eq!(ids("san=lt.vv.example"), Vec::<Value>::new());
        assert_eq!(ids("san=al%25.example"), std::slice::from_ref(&app));
        assert_eq!(ids("filter=cn;old.vv.example"), std::slice::from_ref(&new), "what was replaced is in nobody's way");
        assert_eq!(ids("filter=cn;_pp.vv.example"), Vec::<Value>::new());
        // By the plugin of their authorities.
        assert_eq!(ids("authority_plugin_name=cryptography-issuer"), [app.clone(), other.clone(), new.clone()]);
        assert_eq!(ids("authority_plugin_name=acme-issuer"), Vec::<Value>::new());
        assert_eq!(ids("authority_plugin_name=other-issuer"), Vec::<Value>::new());
        let document = service.get("/openapi.json", admin).done();
        let parameters = document["paths"]["/api/1/certificates/valid"]["get"]["parameters"].to_string();
        assert!(["authority_plugin_name", "owner", "san"].into_iter().all(|name| parameters.contains(name)), "{parameters}");
    });
}

#[test]
fn filters_look_for_parts_among_all_names_and_for_the_whole_in_quotes() {
    on_both(|service| {
        service.authority("Root");
        let admin = &service.admin;
        let san = json!([{"nameType": "DNSName", "value": "alt.vv.example"}]);
        let mut new = new_certificate("Root", "app.vv.example");
        new["extensions"] = json!({"subAltNames": {"names": san}});
        let app = service.post("/certificates", admin, &new).done();
        let carol = service.user("carol", &["operator", "Root_operator"]);
        let other = service.certificate(&carol, "Root", "myapp.vv.example");
        let ids = |token: &str, query: &str| {
            let listed = service.get(&format!("/certificates?sortBy=id&sortDir=asc&{query}"), token).done();
            listed["items"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
        };
        let (one, both) = ([app["id"].clone()], [app["id"].clone(), other["id"].clone()]);
        assert_eq!(ids(admin, "filter=san;T.vv"), one);
        assert_eq!(ids(admin, "filter=san;.vv."), both);
        assert_eq!(ids(admin, "filter=cn;alt.vv"), one, "a common name is looked for among the alternative ones too");
        assert_eq!(ids(admin, "filter=cn;app.vv"), both);
        for query in ["cn;%22app.vv.example%22", "cn;%22Alt.vv.example%22", "san;%22alt.vv.example%22", "name;%22App.vv.example%22"] {
            assert_eq!(ids(admin, &format!("filter={query}")), one, "{query}");
        }
        assert_eq!(ids(admin, "filter=cn;%22pp.vv.example%22"), Vec::<Value>::new());
        let name = app["name"].as_str().unwrap();
        assert_eq!(ids(admin, &format!("filter=fixedName;{name}")), one);
        assert_eq!(ids(admin, &format!("filter=fixedName;{}", &name[1..])), Vec::<Value>::new());
        assert_eq!(ids(&carol, "show=1"), [other["id"].clone()]);
        assert_eq!(ids(&carol, "filter=issuer;%22Root%22"), ids(admin, "filter=issuer;Root"));
    });
}

#[test]
fn an_authority_has_its_time_before_anything_is_signed() {
    on_both(|service| {
        let admin = &service.admin;
        let ask = |name: &str, more: Value| {
            let mut new = new_authority(name);
            new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            service.post("/authorities", admin, &new)
        };
        let day = |days: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days)).to_string();
        let midnight = jiff::Timestamp::now().to_string()[..10].to_owned();
        // One whose time is over is not made, and takes no name.
        let over = ask("Old", json!({"validityStart": "2020-01-01", "validityEnd": "2021-01-01"}));
        assert!(over.reason("validityEnd").contains("over"), "{over:?}");
        assert_eq!(service.get("/authorities", admin).done()["total"], 0);
        assert_eq!(service.get("/certificates?showExpired=1", admin).done()["total"], 0);
        assert_eq!(ask("Old", json!({})).done()["roles"].as_array().unwrap().len(), 2);
        // Under another: from its start on the first day, as Lemur's page sends it, and never from before or for longer.
        let root = ask("Root", json!({"validityStart": jiff::Timestamp::now().to_string(), "validityEnd": day(300)})).done();
        let sub = json!({"type": "subca", "parent": {"id": root["id"]}});
        let under = |name: &str, start: &str, end: String| {
            let mut more = sub.clone();
            (more["validityStart"], more["validityEnd"]) = (json!(start), json!(end));
            ask(name, more)
        };
        let first = under("First", &midnight, day(100)).done();
        assert_eq!(first["authorityCertificate"]["notBefore"], root["authorityCertificate"]["notBefore"]);
        assert!(under("Early", &day(-5), day(100)).reason("validityStart").contains("valid from"));
        assert!(under("Long", &day(0), day(301)).reason("validityEnd").contains("valid until"));
        let mut new = new_certificate("Root", "www.example.com");
        (new["validityStart"], new["validityEnd"]) = (json!(midnight), json!(day(10)));
        let leaf = service.post("/certificates", admin, &new).done();
        assert_eq!(leaf["notBefore"], root["authorityCertificate"]["notBefore"]);
        new["validityStart"] = json!(day(-3));
        assert!(service.post("/certificates", admin, &new).reason("validityStart").contains("valid from"));
        // One that begins in days is made, and issues then.
        let later = ask("Later", json!({"validityStart": day(3), "validityEnd": day(300)})).done();
        assert_eq!(later["roles"].as_array().unwrap().len(), 2);
        let refused = service.post("/certificates", admin, &new_certificate("Later", "www.example.com"));
        assert!(refused.reason("authority").contains("is not valid before"), "{refused:?}");
        service.ahead.store(3 * 24 * 3600 + 60, std::sync::atomic::Ordering::SeqCst);
        let token = service.login("admin", super::support::PASSWORD);
        service.post("/certificates", &token, &new_certificate("Later", "www.example.com")).done();
        // And one that has ended says so.
        service.ahead.store(301 * 24 * 3600, std::sync::atomic::Ordering::SeqCst);
        let token = service.login("admin", super::support::PASSWORD);
        let ended = service.post("/certificates", &token, &new_certificate("Later", "www.example.com"));
        assert!(ended.reason("authority").contains("was valid until"), "{ended:?}");
    });
}

#[test]
fn usages_are_spelled_as_all_fields_are() {
    let service = Service::start();
    service.authority("Root");
    let mut new = new_certificate("Root", "www.example.com");
    new["extensions"] = json!({
        "key_usage": {"use_digital_signature": true, "use_crl_sign": false},
        "extended_key_usage": {"use_server_authentication": true, "useOCSPSigning": false},
    });
    let certificate = service.post("/certificates", &service.admin, &new).done();
    assert_eq!(certificate["extensions"]["keyUsage"]["useDigitalSignature"], true);
    new["extensions"] = json!({"key_usage": {"use_crl_sign": true}, "extended_key_usage": {"use_ocsp_signing": true}});
    let refused = service.post("/certificates", &service.admin, &new);
    for field in ["extensions.keyUsage.useCRLSign", "extensions.extendedKeyUsage.useOCSPSigning"] {
        assert!(refused.reason(field).contains("profile"), "{refused:?}");
    }
    // Without a profile's name it is that of clients, if that alone is asked for.
    new["extensions"] = json!({"extended_key_usage": {"use_client_authentication": true}});
    assert_eq!(service.post("/certificates", &service.admin, &new).done()["profile"], "tls-client");
}

#[test]
fn what_was_read_and_is_sent_back_changes_what_was_changed() {
    on_both(|service| {
        let admin = &service.admin;
        let authority = service.authority("Root");
        let certificate = service.certificate(admin, "Root", "www.example.com");
        let path = format!("/certificates/{}", certificate["id"]);
        for (field, value) in [("active", false), ("active", true), ("notify", false), ("notify", true)] {
            let mut body = service.get(&path, admin).done();
            body[field] = json!(value);
            let changed = service.put(&path, admin, &body).done();
            assert_eq!((&changed["notify"], &changed["active"]), (&json!(value), &json!(value)), "{field}");
        }
        let policy = |policy: Value| service.put(&path, admin, &json!({"rotationPolicy": policy}));
        assert_eq!(policy(json!({"name": "default"})).done()["rotationPolicy"]["name"], "default");
        assert!(policy(json!({"name": "weekly"})).reason("rotationPolicy").contains("default"));
        assert!(!policy(json!({"id": 7})).reason("rotationPolicy").is_empty());
        let revoke = service.put(&format!("{path}/revoke"), admin, &json!({"crlReason": "removeFromCRL"}));
        assert!(revoke.reason("crlReason").contains("hold"), "{revoke:?}");
        // An authority: the answer is what is read of it, and no change is no line in the log.
        let path = format!("/authorities/{}", authority["id"]);
        let whole = service.get(&path, admin).done();
        assert_eq!(whole["authorityCertificate"]["user"]["username"], "admin");
        assert!(whole["revocationLists"].is_array());
        let lines = || service.get("/logs", admin).done()["total"].clone();
        let before = lines();
        assert_eq!(service.put(&path, admin, &whole).done(), whole);
        assert_eq!(lines(), before);
        let mut body = whole.clone();
        body["description"] = json!("ours");
        assert_eq!(service.put(&path, admin, &body).done()["description"], "ours");
        assert_eq!(service.get(&path, admin).done()["owner"], whole["owner"]);
    });
}

#[test]
fn what_an_authority_does_not_get_is_refused_by_its_name() {
    let service = Service::start();
    let ask = |more: Value| {
        let mut new = new_authority("Root");
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        service.post("/authorities", &service.admin, &new)
    };
    let name = json!([{"nameType": "DNSName", "value": "ca.example.com"}]);
    for (field, body) in [
        ("extensions.custom", json!({"extensions": {"custom": [{"oid": "1.2.3", "encoding": "b64asn1", "value": "BQA="}]}})),
        ("extensions.subAltNames", json!({"extensions": {"subAltNames": {"names": name}}})),
        ("name", json!({"name": 5})),
        ("signingAlgorithm", json!({"signingAlgorithm": "sha256WithRSA"})),
        ("signingAlgorithm", json!({"signingAlgorithm": "sha256WithECDSA", "keyType": "RSA2048"})),
    ] {
        assert!(!ask(body.clone()).reason(field).is_empty(), "{body}");
    }
    assert_eq!(service.get("/authorities", &service.admin).done()["total"], 0);
    let fine = json!({"signingAlgorithm": "sha256WithECDSA", "extensions": {"subAltNames": {"names": []}, "custom": []}});
    ask(fine).done();
}
