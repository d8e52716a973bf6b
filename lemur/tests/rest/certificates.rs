//! Certificates and authorities over the interface, and what others' tools say of what is issued.

use menagerie_tests::keys::openssl;
use serde_json::{Value, json};

use super::support::{Service, new_authority, new_certificate, on_both, on_both_with};

/// Whether openssl takes the certificate with its chain.
fn verify(service: &Service, certificate: &Value) {
    let chain = service.file("chain.pem", certificate["chain"].as_str().unwrap());
    let leaf = service.file("leaf.pem", certificate["body"].as_str().unwrap());
    let _ = openssl(["verify", "-x509_strict", "-CAfile", &chain, &leaf], b"").success();
}

fn text_of(certificate: &Value) -> String {
    openssl(["x509", "-noout", "-text"], certificate["body"].as_str().unwrap().as_bytes()).success().text()
}

#[test]
fn a_pipeline_gets_a_certificate_its_key_and_its_revocation() {
    on_both(|service| {
        let authority = service.authority("Root");
        assert_eq!(authority["roles"].as_array().unwrap().len(), 2);
        assert_eq!(authority["authorityCertificate"]["cn"], "Root");
        let issuer = service.user("ci", &["Root_operator"]);
        let new = json!({
            "owner": "team@example.com", "authority": {"name": "Root"}, "commonName": "www.example.com", "description": "a site",
            "extensions": {"subAltNames": {"names": [{"nameType": "DNSName", "value": "example.com"}, {"nameType": "IPAddress", "value": "192.0.2.7"}]}},
            "destinations": [], "notifications": [], "replaces": [], "roles": [], "notify": true, "rotation": false, "unknownField": {"a": 1},
        });
        let certificate = service.post("/certificates", &issuer, &new).done();
        verify(service, &certificate);
        let text = text_of(&certificate);
        for part in ["DNS:www.example.com", "DNS:example.com", "IP Address:192.0.2.7", "TLS Web Server Authentication", "CA:FALSE"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!certificate.to_string().contains("PRIVATE KEY"));
        let id = certificate["id"].as_i64().unwrap();
        let path = format!("/certificates/{id}");
        assert_eq!(service.get(&path, &issuer).done(), certificate);
        let name = certificate["name"].as_str().unwrap();
        assert!(name.contains("www.example.com") && name.contains("Root"), "{name}");
        assert_eq!(service.get(&format!("/certificates/name/{name}"), &issuer).done()["items"][0]["id"], id);
        assert_eq!(service.get(&format!("{path}/authority"), &issuer).done()["name"], "Root");
        assert_eq!(service.get(&format!("{path}/creator"), &issuer).done()["username"], "ci");
        assert_eq!(service.get(&format!("{path}/domains"), &issuer).done()["total"], 3);

        // The key is the certificate's.
        let key = service.get(&format!("{path}/key"), &issuer).done()["key"].as_str().unwrap().to_owned();
        let public = |arguments: &[&str], text: &str| openssl(arguments.iter().copied(), text.as_bytes()).success().text();
        assert_eq!(public(&["pkey", "-pubout"], &key), public(&["x509", "-noout", "-pubkey"], certificate["body"].as_str().unwrap()));

        let revoke = format!("{path}/revoke");
        assert!(service.put(&revoke, &issuer, &json!({"crlReason": "because"})).reason("crlReason").contains("RFC 5280"));
        assert_eq!(service.put(&revoke, &issuer, &json!({"crlReason": "superseded", "comments": "x"})).done(), json!({"id": id}));
        let revoked = service.get(&path, &issuer).done();
        assert_eq!((&revoked["status"], &revoked["revocationReason"]), (&json!("revoked"), &json!("superseded")));
        assert!(service.put(&revoke, &issuer, &json!({})).refused(400)["message"].as_str().unwrap().contains("revoked already"));
        assert_eq!(
            service.get("/certificates/valid", &issuer).done()["items"].as_array().unwrap().iter().filter(|one| one["id"] == id).count(),
            0
        );
    });
}

#[test]
fn of_a_request_the_key_and_the_names_are_taken() {
    let service = Service::start();
    service.authority("Root");
    let key = service.folder.path().join("csr.key");
    let request = openssl(
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key.to_str().unwrap()]
            .into_iter()
            .chain(["-subj", "/O=Somebody Else/CN=api.example.com", "-addext", "subjectAltName=DNS:api.example.com,DNS:b.example.com"]),
        b"",
    );
    let csr = request.success().text();
    let mut new = new_certificate("Root", "api.example.com");
    new["csr"] = json!(csr);
    let certificate = service.post("/certificates", &service.admin, &new).done();
    verify(&service, &certificate);
    let text = text_of(&certificate);
    assert!(text.contains("DNS:api.example.com, DNS:b.example.com") && !text.contains("Somebody Else"), "{text}");
    assert_eq!(certificate["hasPrivateKey"], false);
    service.get(&format!("/certificates/{}/key", certificate["id"]), &service.admin).refused(404);
    // A common name that is a name joins those that stand beside it.
    let request = openssl(
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key.to_str().unwrap()]
            .into_iter()
            .chain(["-subj", "/CN=www.example.com", "-addext", "subjectAltName=DNS:api.example.com"]),
        b"",
    );
    let joined = json!({"owner": "team@example.com", "authority": {"name": "Root"}, "csr": request.success().text()});
    let joined = service.post("/certificates", &service.admin, &joined).done();
    let text = text_of(&joined);
    assert!(text.contains("DNS:www.example.com, DNS:api.example.com"), "{text}");
    let export = json!({"plugin": {"slug": "openssl-csr", "pluginOptions": []}});
    let file = service.post(&format!("/certificates/{}/export", certificate["id"]), &service.admin, &export).done();
    let data = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, file["data"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(data).unwrap().trim(), csr.trim());
    new["csr"] = json!("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n");
    assert!(!service.post("/certificates", &service.admin, &new).reason("csr").is_empty());
}

#[test]
fn a_key_that_was_made_here_signs_a_request_and_stays() {
    let service = Service::start();
    service.authority("Root");
    let mut new = new_certificate("Root", "www.example.com");
    new["extensions"] = json!({"subAltNames": {"names": [{"nameType": "IPAddress", "value": "10.0.0.7"}]}});
    let certificate = service.post("/certificates", &service.admin, &new).done();
    let path = format!("/certificates/{}/export", certificate["id"]);
    let export = json!({"plugin": {"slug": "openssl-csr", "pluginOptions": []}});
    let stranger = service.user("stranger", &["operator"]);
    service.post(&path, &stranger, &export).refused(403);
    let file = service.post(&path, &service.admin, &export).done();
    assert_eq!(file["extension"], "csr");
    let request = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, file["data"].as_str().unwrap()).unwrap();
    assert!(!String::from_utf8_lossy(&request).contains("PRIVATE"));
    let text = openssl(["req", "-verify", "-noout", "-text"], &request).success().text();
    assert!(text.contains("CN=www.example.com") || text.contains("CN = www.example.com"), "{text}");
    assert!(text.contains("DNS:www.example.com") && text.contains("IP Address:10.0.0.7"), "{text}");
    let of_request = openssl(["req", "-pubkey", "-noout"], &request).success().text();
    let of_certificate = openssl(["x509", "-pubkey", "-noout"], certificate["body"].as_str().unwrap().as_bytes()).success().text();
    assert_eq!(of_request, of_certificate);
    let lines = service.get("/logs?count=50", &service.admin).done().to_string();
    assert!(lines.contains("key_viewed") && lines.contains("request"), "{lines}");

    // Without a key and a request there is none, and the answer says why.
    let other = service.authority("Other")["authorityCertificate"]["id"].clone();
    let refused = service.post(&format!("/certificates/{other}/export"), &service.admin, &export).refused(409);
    assert!(refused["message"].as_str().unwrap().contains("no key that could sign one"), "{refused}");
}

#[test]
fn a_file_of_certificate_and_key_opens_with_its_passphrase() {
    let service = Service::start();
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "www.example.com");
    let path = format!("/certificates/{}/export", certificate["id"]);
    let export = json!({"plugin": {"slug": "pem-export", "pluginOptions": [{"name": "passphrase", "value": "hunter2hunter2"}]}});
    let file = service.post(&path, &service.admin, &export).done();
    assert_eq!((&file["extension"], &file["passphrase"]), (&json!("pem"), &json!("hunter2hunter2")));
    let data = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, file["data"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8_lossy(&data).contains("ENCRYPTED PRIVATE KEY"));
    let _ = openssl(["pkey", "-passin", "pass:hunter2hunter2", "-noout"], &data).success();
    let place = service.file("export.pem", &data);
    let _ = openssl(["verify", "-x509_strict", "-CAfile", &place, &place], b"").success();
    let short = json!({"plugin": {"slug": "pem-export", "pluginOptions": [{"name": "passphrase", "value": "hunte"}]}});
    assert!(service.post(&path, &service.admin, &short).reason("plugin.pluginOptions.passphrase").contains("at least 6"));
    assert!(service.post(&path, &service.admin, &json!({"plugin": {"slug": "nothing"}})).reason("plugin.slug").contains("no such plugin"));
    assert!(service.post(&path, &service.admin, &json!({})).reason("plugin").contains("Missing"));
    assert!(
        service.get("/plugins?type=export", &service.admin).done()["items"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["slug"] == "pem-export")
    );
}

#[test]
fn what_is_kept_with_a_certificate_changes_and_the_certificate_does_not() {
    on_both(|service| {
        service.authority("Root");
        let role = service.role("deploy");
        let old = service.certificate(&service.admin, "Root", "old.example.com");
        let certificate = service.certificate(&service.admin, "Root", "new.example.com");
        let path = format!("/certificates/{}", certificate["id"]);
        let change = json!({"owner": "other@example.com", "description": "x", "active": false, "roles": [{"id": role}], "replaces": [{"id": old["id"]}], "destinations": []});
        let changed = service.put(&path, &service.admin, &change).done();
        assert_eq!(
            (&changed["owner"], &changed["description"], &changed["notify"]),
            (&json!("other@example.com"), &json!("x"), &json!(false))
        );
        assert_eq!((&changed["roles"][0]["name"], &changed["replaces"][0]["name"]), (&json!("deploy"), &old["name"]));
        assert_eq!(changed["body"], certificate["body"]);
        assert_eq!(service.get(&format!("/certificates/{}", old["id"]), &service.admin).done()["replacedBy"][0]["id"], certificate["id"]);
        assert_eq!(service.get(&format!("{path}/replacements"), &service.admin).done()["items"][0]["id"], old["id"]);
        // Not itself, nor one that there is not; and what it replaced before stays.
        for (field, named, sentence) in [
            ("replaces", json!({"id": certificate["id"]}), "does not replace itself"),
            ("replacements", json!({"name": certificate["name"]}), "does not replace itself"),
            ("replaces", json!({"id": 99_999}), "no such certificate"),
            ("replaces", json!({"name": "nothing"}), "no such certificate"),
        ] {
            let refused = service.put(&path, &service.admin, &json!({field: [named]}));
            assert!(refused.reason(field).contains(sentence), "{refused:?}");
        }
        assert_eq!(service.get(&path, &service.admin).done()["replaces"][0]["id"], old["id"]);
        let switched = service.post(&format!("{path}/update/switches"), &service.admin, &json!({"notify": true, "rotation": true})).done();
        assert_eq!((&switched["active"], &switched["rotation"]), (&json!(true), &json!(true)));
        let owned = service.post(&format!("{path}/update/owner"), &service.admin, &json!({"owner": "third@example.com"})).done();
        assert_eq!(owned["owner"], "third@example.com");
        assert!(
            service
                .put(&path, &service.admin, &json!({"destinations": [{"id": 1}]}))
                .reason("destinations")
                .contains("no such destination")
        );
        assert!(service.put(&path, &service.admin, &json!({"roles": [{"name": "nothing"}]})).reason("roles").contains("no such role"));
        let bell = service.put(&path, &service.admin, &json!({"description": "a\u{7}"})).refused(400);
        assert_eq!(bell["message"], "the description has control characters.");
    });
}

#[test]
fn lists_are_filtered_and_ordered_as_lemurs_clients_ask() {
    on_both(|service| {
        service.authority("Root");
        service.authority("Other");
        for number in 0..12 {
            service.certificate(&service.admin, if number < 3 { "Other" } else { "Root" }, &format!("h{number:02}.example.com"));
        }
        let names = |query: &str| {
            let list = service.get(&format!("/certificates?{query}"), &service.admin).done();
            let items = list["items"].as_array().unwrap();
            (list["total"].as_i64().unwrap(), items.iter().map(|item| item["cn"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names("").1.len(), 10);
        let (total, page) = names("filter=cn;example.com&sortBy=cn&sortDir=asc&count=5&page=2");
        assert_eq!((total, page), (12, ["h05", "h06", "h07", "h08", "h09"].map(|name| format!("{name}.example.com")).to_vec()));
        assert_eq!(names("filter=name;H07").1, ["h07.example.com"]);
        assert_eq!(names("filter=san;h03.example.com").1, ["h03.example.com"]);
        assert_eq!(names("filter=authority;Other&count=50&sortBy=id&sortDir=asc").1[1..].len(), 3);
        assert_eq!(names("filter=owner;nobody@").0, 0);
        assert_eq!(names("filter=creator;admin").0, 14);
        assert_eq!(names("timeRange=1").0, 0);
        assert_eq!(names("filter=cn;h0&timeRange=520").0, 10);
        let one = service.get("/certificates?filter=cn;h11", &service.admin).done()["items"][0].clone();
        for serial in [&one["serial"], &one["serialHex"]] {
            let text = serial.as_str().unwrap();
            assert_eq!(names(&format!("serial={text}")).1, ["h11.example.com"], "{text}");
        }
        for (query, field) in [
            ("filter=secret;x", "filter"),
            ("sortBy=private_key", "sortBy"),
            ("page=0", "page"),
            ("serial=xyz", "serial"),
            ("filter=cn;%00", "filter"),
            ("owner=%00", "owner"),
        ] {
            assert!(!service.get(&format!("/certificates?{query}"), &service.admin).reason(field).is_empty());
        }
        // What would be SQL or a pattern is text.
        for text in ["%25", "_", "%27%20OR%201%3D1--", "%5C"] {
            let (total, _) = names(&format!("filter=cn;{text}"));
            assert_eq!(total, 0, "{text}");
        }
        service.get("/certificates/name/a%00b", &service.admin).refused(404);
        let stats = service.get("/certificates/stats", &service.admin).done();
        assert_eq!((stats["total"].as_i64(), stats["expired"].as_i64()), (Some(14), Some(0)));
    });
}

/// A page of many is written as it is read, and is one list all the same; how many there are is said as far as it was counted.
#[test]
fn a_long_page_is_whole() {
    on_both(|service| {
        service.authority("tls");
        let mut names: Vec<String> = (0..47).map(|number| format!("host{number}.example.com")).collect();
        for name in &names {
            service.certificate(&service.admin, "tls", name);
        }
        names.sort();
        for (count, length) in [(1_000, 47), (46, 46), (21, 21), (20, 20), (5, 5)] {
            let list = service.get(&format!("/certificates?filter=name;host&count={count}"), &service.admin).done();
            let mut found: Vec<String> =
                list["items"].as_array().unwrap().iter().map(|item| item["cn"].as_str().unwrap().to_owned()).collect();
            assert_eq!((found.len(), &list["total"], &list["exact"]), (length, &json!(47), &json!(true)), "{count}");
            assert_eq!(list["items"][0]["cn"], "host46.example.com", "the last first");
            found.sort();
            assert!(length < 47 || found == names);
        }
    });
}

/// Each item of a list has its chain: one that is long without end is not stored.
#[test]
fn a_chain_that_is_too_long_is_refused() {
    let service = Service::start();
    let folder = service.folder.path();
    let long = format!("subjectAltName=DNS:{}", vec![format!("{}.example", "a".repeat(60)); 500].join(",DNS:"));
    let root = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=Long", "-addext", &long];
    let root = [&root[..], &["-keyout", "long.key", "-out", "long.pem"]].concat();
    let leaf = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=short.example"];
    let leaf = [&leaf[..], &["-CA", "long.pem", "-CAkey", "long.key", "-addext", "basicConstraints=CA:FALSE"]].concat();
    for arguments in [root, [&leaf[..], &["-keyout", "leaf.key", "-out", "leaf.pem"]].concat()] {
        let mut command = menagerie_tests::process::command("openssl");
        command.args(arguments).current_dir(folder);
        let _ = menagerie_tests::process::run(command, b"").success();
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let body = json!({"owner": "team@example.com", "body": read("leaf.pem"), "chain": read("long.pem")});
    assert!(service.post("/certificates/upload", &service.admin, &body).reason("chain").contains("bytes"));
}

#[test]
fn authorities_stand_under_each_other() {
    on_both(|service| {
        service.authority("Root");
        let mut sub = new_authority("Issuing");
        (sub["type"], sub["parent"], sub["pathLength"]) = (json!("subca"), json!({"name": "Root"}), json!(0));
        sub["nameConstraints"] = json!({"permitted": {"dns": ["example.com"]}});
        let issuing = service.post("/authorities", &service.admin, &sub).done();
        assert_eq!(issuing["parent"]["name"], "Root");
        let certificate = service.certificate(&service.admin, "Issuing", "www.example.com");
        verify(service, &certificate);
        let elsewhere = service.post("/certificates", &service.admin, &new_certificate("Issuing", "www.example.org"));
        assert!(!elsewhere.reason("extensions.subAltNames").is_empty());
        let tree = service.get("/authorities/1/visualize", &service.admin).done();
        assert_eq!(tree, json!({"name": "Root", "children": [{"name": "Issuing", "children": []}]}));
        assert_eq!(service.get("/authorities?filter=name;iss", &service.admin).done()["total"], 1);
        let path = format!("/authorities/{}", issuing["id"]);
        let off = service.put(&path, &service.admin, &json!({"active": false, "description": "x"})).done();
        assert_eq!((&off["active"], &off["description"]), (&json!(false), &json!("x")));
        let refused = service.post("/certificates", &service.admin, &new_certificate("Issuing", "www.example.com"));
        assert!(refused.reason("authority").contains("disabled"));
        assert!(service.post("/authorities", &service.admin, &new_authority("Root")).reason("name").contains("already"));
        sub["parent"] = Value::Null;
        assert!(service.post("/authorities", &service.admin, &sub).reason("parent").contains("parent"));
        let mut weak = new_authority("Weak");
        weak["signingAlgorithm"] = json!("sha1WithRSA");
        assert!(service.post("/authorities", &service.admin, &weak).reason("signingAlgorithm").contains("SHA-1"));
        weak["signingAlgorithm"] = json!("sha256WithRSA");
        weak["plugin"] = json!({"slug": "cfssl-issuer"});
        service.post("/authorities", &service.admin, &weak).refused(501);
    });
}

#[test]
fn what_a_profile_forbids_is_refused_by_its_name() {
    let service = Service::start();
    service.authority("Root");
    let ask = |change: &dyn Fn(&mut Value)| {
        let mut new = new_certificate("Root", "www.example.com");
        change(&mut new);
        service.post("/certificates", &service.admin, &new)
    };
    for (field, value) in [
        ("extensions.basicConstraints.ca", json!({"basicConstraints": {"ca": true}})),
        ("extensions.keyUsage.useKeyCertSign", json!({"keyUsage": {"useDigitalSignature": true, "useKeyCertSign": true}})),
        (
            "extensions.extendedKeyUsage.useCodeSigning",
            json!({"extendedKeyUsage": {"useServerAuthentication": true, "useCodeSigning": true}}),
        ),
        ("extensions.custom", json!({"custom": [{"oid": "1.2.3", "encoding": "b64asn1", "value": "AAA=", "isCritical": true}]})),
        ("extensions.subAltNames.names.0", json!({"subAltNames": {"names": [{"nameType": "registeredID", "value": "1.2.3"}]}})),
        (
            "extensions.subAltNames.names.1",
            json!({"subAltNames": {"names": [{"nameType": "DNSName", "value": "a.example.com"}, {"nameType": "DNSName", "value": "a b"}]}}),
        ),
        ("extensions.subAltNames", json!({"subAltNames": {"names": [{"nameType": "rfc822Name", "value": "a@example.com"}]}})),
    ] {
        let answer = ask(&|new| new["extensions"] = value.clone());
        assert!(!answer.reason(field).is_empty(), "{field}");
    }
    assert!(ask(&|new| new["keyType"] = json!("ECCSECT113R1")).reason("keyType").contains("choice"));
    assert!(ask(&|new| new["keyType"] = json!("ECCSECP521R1")).reason("keyType").contains("not made"));
    assert!(ask(&|new| new["validityYears"] = json!(5)).reason("validityEnd").contains("at most"));
    assert!(ask(&|new| new["profile"] = json!("nothing")).reason("profile").contains("no such profile"));
    assert!(!ask(&|new| new["commonName"] = json!("not a name")).reason("commonName").is_empty());
    assert!(ask(&|new| new["dnsProvider"] = json!({"id": 1})).reason("dnsProvider").contains("no such"));
    // Neither as a text or a number, nor in the form of answers, nor under a name that is not known.
    for (field, value) in [
        ("extensions.keyUsage.useKeyCertSign", json!({"keyUsage": {"useKeyCertSign": "true"}})),
        ("extensions.keyUsage.useKeyCertSign", json!({"keyUsage": {"useKeyCertSign": 1}})),
        ("extensions.keyUsage.useKeyCertSign", json!({"keyUsage": {"useKeyCertSign": [true]}})),
        ("extensions.keyUsage", json!({"keyUsage": ["useKeyCertSign"]})),
        ("extensions.extendedKeyUsage.useCodeSigning", json!({"extendedKeyUsage": {"usages": ["serverAuth", "codeSigning"]}})),
        ("extensions.extendedKeyUsage.1.2.3", json!({"extendedKeyUsage": {"usages": ["1.2.3"]}})),
        ("extensions.certificatePolicies", json!({"certificatePolicies": [{"oid": "1.2.3"}]})),
        ("extensions.nameConstraints", json!({"nameConstraints": {"permitted": ["x"]}})),
    ] {
        let answer = ask(&|new| new["extensions"] = value.clone());
        assert!(!answer.reason(field).is_empty(), "{field}: {answer:?}");
    }
    let at = |hours: i64| json!((jiff::Timestamp::now() + jiff::SignedDuration::from_hours(hours)).to_string());
    for (field, second, value) in
        [("validityDays", "validityEnd", at(48)), ("validityDays", "validityYears", json!(1)), ("validityYears", "validityEnd", at(48))]
    {
        let answer = ask(&|new| (new[field], new[second]) = (json!(1), value.clone()));
        assert!(answer.refused(400)["reasons"].to_string().contains("Only one of"), "{answer:?}");
    }
    for start in [25, -25] {
        let answer = ask(&|new| (new["validityStart"], new["validityDays"]) = (at(start), json!(10)));
        assert!(!answer.reason(if start > 0 { "validityStart" } else { "validityEnd" }).is_empty(), "{answer:?}");
    }
    let later = ask(&|new| (new["validityStart"], new["validityDays"]) = (at(20), json!(10))).done();
    let time = |field: &str| later[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time("notBefore") > jiff::Timestamp::now() + jiff::SignedDuration::from_hours(19));
    assert_eq!(time("notAfter").duration_since(time("notBefore")).as_secs(), 10 * 86_400 - 1);
    // As answers have it, it comes back.
    let given = ask(&|_| ()).done()["extensions"].clone();
    ask(&|new| {
        new["extensions"] = given.clone();
        new["extensions"]["basicConstraints"] = json!({"ca": false});
    })
    .done();
    let fine = ask(&|new| {
        new["extensions"] = json!({
            "basicConstraints": {"ca": false}, "keyUsage": {"useDigitalSignature": true, "useKeyCertSign": false},
            "extendedKeyUsage": {"useServerAuthentication": true}, "subjectKeyIdentifier": {"includeSKI": true}, "custom": [],
        });
    });
    assert_eq!(fine.done()["keyType"], "ECCPRIME256V1");
    for kind in ["RSA2048", "ECCSECP384R1", "ED25519"] {
        assert_eq!(ask(&|new| new["keyType"] = json!(kind)).done()["keyType"], kind);
    }
    let client = ask(&|new| new["extensions"] = json!({"extendedKeyUsage": {"useClientAuthentication": true}})).done();
    assert_eq!(client["profile"], "tls-client");
}

/// A request's common name is the certificate's, whatever other names there are, or it is refused.
#[test]
fn a_requests_common_name_is_not_left_out_in_silence() {
    let service = Service::start();
    service.authority("Root");
    let key = service.folder.path().join("client.key");
    let ask = |profile: &str, subject: &str| {
        let arguments = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject];
        let csr = openssl(arguments.into_iter().chain(["-keyout", key.to_str().unwrap()]), b"").success().text();
        let names = json!({"subAltNames": {"names": [{"nameType": "DNSName", "value": "a.example.com"}]}});
        let new = json!({"owner": "team@example.com", "authority": {"name": "Root"}, "csr": csr, "profile": profile, "extensions": names});
        service.post("/certificates", &service.admin, &new)
    };
    let ada = "/O=Some/CN=Ada Lovelace";
    assert_eq!(ask("tls-client", ada).done()["distinguishedName"], "CN=Ada Lovelace");
    // Where it is to be a name it is refused.
    assert!(ask("tls-server", ada).reason("commonName").contains("Ada Lovelace"));
    let server = ask("tls-server", "/CN=api.example.com").done();
    assert_eq!(server["distinguishedName"], "CN=api.example.com");
    assert_eq!(server["extensions"]["subAltNames"]["names"].as_array().unwrap().len(), 2);
}

#[test]
fn what_was_made_elsewhere_is_kept_with_its_key() {
    let service = Service::start();
    let (key, body) = foreign(&service, "elsewhere.example.net");
    let upload = json!({"body": body, "owner": "ann@example.com", "privateKey": key, "externalId": "42", "name": "elsewhere"});
    let uploader = service.user("ann", &[]);
    let stored = service.post("/certificates/upload", &uploader, &upload).done();
    assert_eq!((&stored["name"], &stored["status"], &stored["hasPrivateKey"]), (&json!("elsewhere"), &json!("unknown"), &json!(true)));
    assert!(stored["authority"].is_null());
    let path = format!("/certificates/{}", stored["id"]);
    assert!(service.get(&format!("{path}/key"), &uploader).done()["key"].as_str().unwrap().contains("BEGIN PRIVATE KEY"));
    service.put(&format!("{path}/revoke"), &uploader, &json!({})).refused(400);
    let (other, _) = foreign(&service, "other.example.net");
    let wrong = json!({"body": foreign(&service, "third.example.net").1, "owner": "ann@example.com", "privateKey": other});
    assert!(service.post("/certificates/upload", &uploader, &wrong).reason("privateKey").contains("not the certificate's"));
    for (field, value) in [("body", "x"), ("privateKey", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"), ("chain", "y")] {
        let mut broken = upload.clone();
        broken[field] = json!(value);
        let reason = service.post("/certificates/upload", &uploader, &broken).reason(field);
        assert!(!reason.is_empty() && !reason.contains("AAAA"), "{reason}");
    }
    // A key that can be read and is none to keep is not called unreadable.
    let weak = service.folder.path().join("weak.key");
    let arguments = ["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "30", "-subj", "/CN=weak.example.net", "-keyout"];
    let body = openssl(arguments.into_iter().chain([weak.to_str().unwrap()]), b"").success().text();
    let upload = json!({"body": body, "owner": "ann@example.com", "privateKey": std::fs::read_to_string(weak).unwrap()});
    let reason = service.post("/certificates/upload", &uploader, &upload).reason("privateKey");
    assert_eq!(reason, "the RSA key has 1024 bits: at least 2048 are wanted");
}

/// A certificate that openssl made, and its key.
pub(crate) fn foreign(service: &Service, name: &str) -> (String, String) {
    let key = service.folder.path().join(format!("{name}.key"));
    let subject = format!("/CN={name}");
    let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", &subject];
    let made = openssl(arguments.into_iter().chain(["-keyout", key.to_str().unwrap()]), b"").success();
    (std::fs::read_to_string(key).unwrap(), made.text())
}

#[test]
fn certificates_are_removed_where_that_is_allowed() {
    let settings = lemur::rest::Settings { delete_certificates: true, ..lemur::rest::Settings::default() };
    let service = Service::start_with(settings);
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "www.example.com");
    let path = format!("/certificates/{}", certificate["id"]);
    service.delete(&path, &service.admin).refused(409);
    service.put(&format!("{path}/revoke"), &service.admin, &json!({})).done();
    let removed = service.delete(&path, &service.admin);
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    service.get(&path, &service.admin).refused(404);
    let without = Service::start();
    without.authority("Root");
    let issued = without.certificate(&without.admin, "Root", "www.example.com");
    without.delete(&format!("/certificates/{}", issued["id"]), &without.admin).refused(405);
    // An authority's own stays in either case.
    for service in [&service, &without] {
        service.delete("/certificates/1", &service.admin).refused(409);
    }
}

#[test]
fn a_client_that_asks_too_often_is_told_to_wait() {
    let rate = menagerie_web::Rate { times: 5, within: std::time::Duration::from_secs(3600) };
    let service = Service::start_with(lemur::rest::Settings { rate: Some(rate), ..lemur::rest::Settings::default() });
    for _ in 0..5 {
        service.get("/auth/me", &service.admin).done();
    }
    let refused = service.get("/auth/me", &service.admin);
    assert_eq!(refused.status, 429);
    assert!(refused.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 600);
    assert_eq!(service.get("/healthcheck", "").status, 200);
}

#[test]
fn one_user_does_not_fill_the_database() {
    let settings = lemur::rest::Settings { most_uploads: lemur::rest::MostUploads(2), ..lemur::rest::Settings::default() };
    on_both_with(settings, |service| {
        let (ann, ben) = (service.user("ann", &[]), service.user("ben", &[]));
        let bring = |token: &str, who: &str, name: &str| {
            let upload = json!({"body": foreign(service, name).1, "owner": format!("{who}@example.com")});
            service.post("/certificates/upload", token, &upload)
        };
        let first = bring(&ann, "ann", "one.example.net").done();
        bring(&ann, "ann", "two.example.net").done();
        let refused = bring(&ann, "ann", "three.example.net");
        let said = refused.refused(429)["message"].as_str().unwrap().to_owned();
        assert!(said.contains("You have brought 2 certificates") && said.contains("administrator"), "{said}");
        assert!(!refused.headers.contains_key("retry-after"), "to wait would not help");
        // What is not there is not counted, and what others bring neither.
        assert_eq!(service.get("/certificates?name=three.example.net", &ann).done()["total"], 0);
        bring(&ben, "ben", "four.example.net").done();
        for number in 0..3 {
            bring(&service.admin, "admin", &format!("n{number}.example.net")).done();
        }
        // What is removed makes room; what is issued takes none.
        let removed = service.delete(&format!("/certificates/{}", first["id"]), &ann);
        assert_eq!(removed.status, 204, "{removed:?}");
        bring(&ann, "ann", "three.example.net").done();
        bring(&ann, "ann", "five.example.net").refused(429);
        let root = service.authority("Root");
        let own = json!({"roles": [{"id": service.role("issuers")}]});
        service.put(&format!("/authorities/{}", root["id"]), &service.admin, &own).done();
        let issuer = service.user("ida", &["issuers"]);
        for number in 0..3 {
            service.certificate(&issuer, "Root", &format!("n{number}.example.com"));
        }
        bring(&issuer, "ida", "six.example.net").done();
    });
}

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
        assert_eq!(ids("filter=cn;app.vv.example&owner=team@example.com&count=1"), [app.clone()]);
        assert_eq!(ids("filter=cn;APP.vv.example&owner=TEAM@example.com"), [app.clone()]);
        assert_eq!(ids("filter=cn;app.vv.example&owner=eam@example.com"), Vec::<Value>::new());
        assert_eq!(ids("filter=cn;pp.vv.example"), Vec::<Value>::new());
        assert_eq!(ids("filter=cn;%25app.vv.example"), [app.clone(), other.clone()]);
        assert_eq!(ids("filter=cn;%25&owner=%25team@example.com"), [app.clone(), other.clone(), new.clone()]);
        assert_eq!(ids("san=alt.VV.example"), [app.clone()]);
        assert_eq!(ids("san=lt.vv.example"), Vec::<Value>::new());
        assert_eq!(ids("san=al%25.example"), [app.clone()]);
        assert_eq!(ids("filter=cn;old.vv.example"), [new.clone()], "what was replaced is in nobody's way");
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
