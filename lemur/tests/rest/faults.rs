//! What went wrong in Lemur, and in others, each as a test that it does not here.

use menagerie_tests::keys::openssl;
use serde_json::{Value, json};

use super::certificates::foreign;
use super::support::{PASSWORD, Service, new_authority, new_certificate, on_both};

fn text_of(certificate: &Value) -> String {
    openssl(["x509", "-noout", "-text"], certificate["body"].as_str().unwrap().as_bytes()).success().text()
}

/// Documented bodies answered 500: an authority without `serialNumber`, a certificate of an unknown authority.
#[test]
fn documented_bodies_answered_500() {
    let service = Service::start();
    let documented = json!({
        "country": "US", "state": "California", "location": "Los Gatos", "organization": "Example", "organizationalUnit": "Operations",
        "type": "root", "signingAlgorithm": "sha256WithRSA", "sensitivity": "medium", "keyType": "RSA2048",
        "plugin": {"slug": "cryptography-issuer"}, "name": "TimeTestAuthority5", "owner": "secure@example.com", "description": "test",
        "commonName": "AcommonName", "validityYears": "20",
        "extensions": {"subAltNames": {"names": []}, "custom": []},
    });
    let authority = service.post("/authorities", &service.admin, &documented).done();
    assert_eq!(authority["authorityCertificate"]["bits"], 2048);
    assert!(
        service
            .post("/certificates", &service.admin, &new_certificate("nothing", "www.example.com"))
            .reason("authority")
            .contains("no such authority")
    );
    let by_id = json!({"owner": "team@example.com", "authority": {"id": 999}, "commonName": "www.example.com"});
    assert!(service.post("/certificates", &service.admin, &by_id).reason("authority").contains("no such authority"));
    let documented = json!({
        "owner": "secure@example.net", "commonName": "test.example.net", "country": "US",
        "extensions": {"subAltNames": {"names": [{"nameType": "DNSName", "value": "*.test.example.net"}, {"nameType": "DNSName", "value": "www.test.example.net"}]}},
        "replacements": [], "notify": true, "validityEnd": in_days(30), "authority": {"name": "TimeTestAuthority5"},
        "organization": "Netflix", "location": "Los Gatos", "state": "California", "organizationalUnit": "Operations",
    });
    let certificate = service.post("/certificates", &service.admin, &documented).done();
    assert_eq!(certificate["organization"], "Netflix");
}

fn in_days(days: i64) -> String {
    (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days)).to_string()
}

/// A root without `BasicConstraints`.
#[test]
fn a_root_had_no_basic_constraints() {
    let service = Service::start();
    let root = service.authority("Root");
    let text = openssl(["x509", "-noout", "-text"], root["authorityCertificate"]["body"].as_str().unwrap().as_bytes()).success().text();
    assert!(text.contains("X509v3 Basic Constraints: critical") && text.contains("CA:TRUE"), "{text}");
    assert!(text.contains("Certificate Sign, CRL Sign") && text.contains("Subject Key Identifier"), "{text}");
}

/// Leaves without subject and authority key identifier, and without an extended key usage.
#[test]
fn leaves_lacked_identifiers_and_usages() {
    let service = Service::start();
    service.authority("Root");
    let text = text_of(&service.certificate(&service.admin, "Root", "www.example.com"));
    for part in [
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
        "TLS Web Server Authentication",
        "CRL Distribution Points",
        "OCSP - URI",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A request with `CA:TRUE` and `keyCertSign` gave a certificate of an authority.
#[test]
fn a_request_made_an_authority() {
    let service = Service::start();
    service.authority("Root");
    let key = service.folder.path().join("ca.key");
    let request = openssl(
        [
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            key.to_str().unwrap(),
            "-subj",
            "/CN=evil.example.com",
        ]
        .into_iter()
        .chain(["-addext", "basicConstraints=critical,CA:TRUE,pathlen:3", "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
        .chain(["-addext", "extendedKeyUsage=codeSigning,OCSPSigning", "-addext", "subjectAltName=DNS:evil.example.com"]),
        b"",
    );
    let mut new = new_certificate("Root", "evil.example.com");
    new["csr"] = json!(request.success().text());
    let text = text_of(&service.post("/certificates", &service.admin, &new).done());
    assert!(text.contains("CA:FALSE") && !text.contains("CA:TRUE") && !text.contains("Certificate Sign"), "{text}");
    assert!(!text.contains("Code Signing") && !text.contains("OCSP Signing"), "{text}");
}

/// The strict check of roles let everyone through.
#[test]
fn the_strict_role_check_let_everyone_through() {
    let service = Service::start();
    service.authority("Root");
    let nobody = service.user("nobody", &[]);
    service.post("/certificates", &nobody, &new_certificate("Root", "www.example.com")).refused(403);
    service.post("/authorities", &nobody, &new_authority("Mine")).refused(403);
    service.post("/destinations", &nobody, &json!({"label": "x"})).refused(403);
    assert_eq!(service.get("/certificates", &nobody).done()["total"], 1, "nothing was issued but the root");
}

/// Members rewrote their own role.
#[test]
fn members_rewrote_their_own_role() {
    let service = Service::start();
    let role = service.role("team");
    let member = service.user("ann", &["team"]);
    let path = format!("/roles/{role}");
    for change in [json!({"name": "admin"}), json!({"name": "Root_admin"}), json!({"users": [{"id": 1}]}), json!({"description": "x"})] {
        service.put(&path, &member, &change).refused(403);
    }
    service.delete(&path, &member).refused(403);
    assert_eq!(service.get(&path, &member).done()["name"], "team");
    service.put(&path, &service.admin, &json!({"name": "admin"})).refused(400);
}

/// A password was stored in clear when a user was changed.
#[test]
fn a_password_was_stored_in_clear_on_update() {
    let service = Service::start();
    let new = json!({"username": "ann", "email": "ann@example.com", "password": PASSWORD});
    let id = service.post("/users", &service.admin, &new).done()["id"].clone();
    let changed = service.put(&format!("/users/{id}"), &service.admin, &json!({"password": "a very telling phrase"}));
    changed.done();
    assert!(!changed.text.contains("telling"));
    service.login("ann", "a very telling phrase");
    let stored = everything_stored(&service);
    assert!(contains(&stored, b"$argon2id$"), "a hash is what is stored");
    assert!(!contains(&stored, b"telling"), "the password is stored");
}

/// All bytes of all files of a service, of which the database is one.
fn everything_stored(service: &Service) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(service.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        // The service's own certificate was made by the test, outside of the service.
        if path.is_file() && path.file_name() != Some("service.key".as_ref()) {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    assert!(contains(&all, b"SQLite format 3"), "the database was looked at");
    all
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    all.windows(part.len()).any(|window| window == part)
}

/// The algorithm of a token was taken from the token.
#[test]
fn a_tokens_algorithm_was_taken_from_the_token() {
    let service = Service::start();
    let parts: Vec<&str> = service.admin.split('.').collect();
    let encode = |text: String| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
    let decode = |text: &str| base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text).unwrap();
    let header: Value = serde_json::from_slice(&decode(parts[0])).unwrap();
    assert_eq!(header["alg"], "HS256");
    for alg in ["none", "HS384", "RS256"] {
        let mut forged = header.clone();
        forged["alg"] = json!(alg);
        for signature in ["", parts[2]] {
            let token = format!("{}.{}.{signature}", encode(forged.to_string()), parts[1]);
            service.get("/users", &token).refused(403);
        }
    }
    let mut claims: Value = serde_json::from_slice(&decode(parts[1])).unwrap();
    assert_eq!((claims["sub"].as_str(), claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()), (Some("1"), 24 * 60 * 60));
    claims["sub"] = json!("2");
    service.get("/users", &format!("{}.{}.{}", parts[0], encode(claims.to_string()), parts[2])).refused(403);
}

/// An authority could be made under one that its maker had no right on.
#[test]
fn a_sub_ca_needed_no_right_on_its_parent() {
    let service = Service::start();
    service.authority("Root");
    service.authority("Other");
    let mut sub = new_authority("Sub");
    (sub["type"], sub["parent"]) = (json!("subca"), json!({"name": "Root"}));
    for (name, roles) in [("nobody", &[][..]), ("issuer", &["Root_operator"]), ("other", &["Other_admin"]), ("operator", &["operator"])] {
        service.post("/authorities", &service.user(name, roles), &sub).refused(403);
    }
    let admin = service.user("ca-admin", &["Root_admin"]);
    let made = service.post("/authorities", &admin, &sub).done();
    assert_eq!(made["parent"]["name"], "Root");
    // Who may make one under Root may not make a root by leaving the parent out.
    service.post("/authorities", &admin, &new_authority("MyRoot")).refused(403);
}

/// A certificate was revoked by whoever brought it again and so became the owner of a second row of it.
#[test]
fn a_duplicate_row_gave_the_right_to_revoke() {
    let service = Service::start();
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "www.example.com");
    let thief = service.user("thief", &[]);
    let upload = json!({"body": certificate["body"], "chain": certificate["chain"], "owner": "thief@example.com"});
    service.post("/certificates/upload", &thief, &upload).refused(409);
    service.put(&format!("/certificates/{}/revoke", certificate["id"]), &thief, &json!({})).refused(403);
    // The same serial number of an issuer of the same name is not brought in beside it either: that one did not sign it.
    let serial = format!("0x{}", certificate["serialHex"].as_str().unwrap());
    let key = service.folder.path().join("forged.key");
    let arguments = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=Root"];
    let forged = openssl(arguments.into_iter().chain(["-set_serial", &serial, "-keyout", key.to_str().unwrap()]), b"").success().text();
    let refused = service.post("/certificates/upload", &thief, &json!({"body": forged, "owner": "thief@example.com"}));
    assert!(refused.reason("body").contains("did not sign it"), "{refused:?}");
    assert_eq!(service.get(&format!("/certificates/{}", certificate["id"]), &thief).done()["status"], "valid");
}

/// Whoever asked for a certificate could say that it replaces one of others.
#[test]
fn replaces_was_not_authorised() {
    let service = Service::start();
    service.authority("Root");
    let others = service.certificate(&service.admin, "Root", "www.example.com");
    let issuer = service.user("issuer", &["Root_operator"]);
    let mut new = new_certificate("Root", "mine.example.com");
    for field in ["replaces", "replacements"] {
        for named in [json!([{"id": others["id"]}]), json!([{"name": others["name"]}])] {
            new[field] = named;
            service.post("/certificates", &issuer, &new).refused(403);
        }
        new[field] = Value::Null;
    }
    let mine = service.post("/certificates", &issuer, &new).done();
    service.put(&format!("/certificates/{}", mine["id"]), &issuer, &json!({"replaces": [{"id": others["id"]}]})).refused(403);
    let (_, body) = foreign(&service, "x.example.net");
    let upload = json!({"body": body, "owner": "issuer@example.com", "replaces": [{"id": others["id"]}]});
    service.post("/certificates/upload", &issuer, &upload).refused(403);
    assert_eq!(service.get(&format!("/certificates/{}", others["id"]), &issuer).done()["replacedBy"], json!([]));
    // One's own may be replaced.
    new["replaces"] = json!([{"id": mine["id"]}]);
    service.post("/certificates", &issuer, &new).done();
}

/// Certificates with their keys were exported without the permission to.
#[test]
fn export_needed_no_permission() {
    let service = Service::start();
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "www.example.com");
    for (name, roles) in [("nobody", &[][..]), ("issuer", &["Root_admin"]), ("operator", &["operator"])] {
        let token = service.user(name, roles);
        service
            .post(&format!("/certificates/{}/export", certificate["id"]), &token, &json!({"plugin": {"slug": "pem-export"}}))
            .refused(403);
    }
}

/// Private keys were readable.
#[test]
fn private_keys_were_readable() {
    let service = Service::start();
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "www.example.com");
    let nobody = service.user("nobody", &[]);
    let id = certificate["id"].as_i64().unwrap();
    service.get(&format!("/certificates/{id}/key"), &nobody).refused(403);
    service.put(&format!("/certificates/{id}"), &nobody, &json!({"owner": "nobody@example.com"})).refused(403);
    for path in ["/certificates", &format!("/certificates/{id}"), "/authorities", "/authorities/1", "/logs", "/certificates/valid"] {
        let answer = service.get(path, &service.admin);
        assert!(answer.status == 200 && !answer.text.contains("PRIVATE"), "{path}");
    }
    // Neither the database nor the key ring has a key in clear.
    let key = service.get(&format!("/certificates/{id}/key"), &service.admin).done()["key"].as_str().unwrap().to_owned();
    let der = openssl(["pkey", "-outform", "DER"], key.as_bytes()).success().stdout;
    // The private number, in one piece before the public point.
    let start = der.windows(2).position(|part| part == [0x04, 0x20]).unwrap() + 2;
    let secret = &der[start..start + 32];
    let point = &der[der.len() - 64..];
    let stored = everything_stored(&service);
    assert!(contains(&stored, point), "its certificate is stored");
    assert!(!contains(&stored, secret), "the key is stored in clear");
    assert!(!contains(&stored, b"PRIVATE KEY"));
}

/// A destination's secrets were readable, and uploads to one failed in silence. There are none yet, and naming one is refused.
#[test]
fn delivery_failed_in_silence() {
    let service = Service::start();
    service.authority("Root");
    let mut new = new_certificate("Root", "www.example.com");
    new["destinations"] = json!([{"label": "aws", "plugin": {"slug": "aws-destination"}}]);
    assert!(service.post("/certificates", &service.admin, &new).reason("destinations").contains("no such destination"));
    assert_eq!(service.get("/certificates", &service.admin).done()["total"], 1, "nothing was issued but the root");
    assert_eq!(service.get("/destinations", &service.admin).done()["total"], 0);
}

/// A filter of LDAP, or of SQL, came in by a name.
#[test]
fn a_name_was_a_filter() {
    let service = Service::start();
    for name in ["*)(uid=*))(|(uid=*", "admin)(&", "a' OR '1'='1"] {
        let login = service.post("/auth/login", "", &json!({"username": name, "password": PASSWORD}));
        login.refused(403);
        let user = json!({"username": name, "email": "x@example.com"});
        assert!(service.post("/users", &service.admin, &user).reason("username").contains("letters"));
    }
}

/// Secrets came from a generator that could be foretold (CVE-2023-30797).
#[test]
fn secrets_were_predictable() {
    // Two services that start alike make nothing alike: what is seeded would be the same in both.
    let mut seen = std::collections::BTreeSet::new();
    let mut serials = Vec::new();
    for _ in 0..2 {
        let service = Service::start();
        service.authority("Root");
        for number in 0..24 {
            let certificate = service.certificate(&service.admin, "Root", &format!("h{number}.example.com"));
            let id = certificate["id"].as_i64().unwrap();
            let serial = u128::from_str_radix(certificate["serialHex"].as_str().unwrap(), 16).unwrap();
            assert!(seen.insert(serial.to_string()), "a serial number came twice");
            serials.push(serial);
            if number < 4 {
                let key = service.get(&format!("/certificates/{id}/key"), &service.admin).done();
                assert!(seen.insert(key["key"].as_str().unwrap().to_owned()), "a key came twice");
                let made = service.post("/auth/second_factor", &service.admin, &json!({})).done();
                assert!(seen.insert(made["secret"].as_str().unwrap().to_owned()), "a second factor came twice");
            }
        }
    }
    // Of a counter, or of times, neighbours share most bits; of random numbers half of them, and each bit is as often set as not.
    for pair in serials.windows(2) {
        let different = (pair[0] ^ pair[1]).count_ones();
        assert!((30..=98).contains(&different), "{different} of 126 bits differ: {:032x} and {:032x}", pair[0], pair[1]);
    }
    for bit in 0..120 {
        let set = serials.iter().filter(|serial| *serial >> bit & 1 == 1).count();
        assert!((4..=44).contains(&set), "bit {bit} is set in {set} of {}", serials.len());
    }
}

/// cert-manager fell to a crafted PEM; any text may come in any field, and none is answered by 500.
#[test]
fn crafted_texts_are_refused() {
    on_both(crafted_texts);
}

fn crafted_texts(service: &Service) {
    service.authority("Root");
    let header = "-----BEGIN CERTIFICATE-----\n";
    let texts = [
        String::new(),
        "\u{feff}-----BEGIN".to_owned(),
        header.repeat(2_000),
        format!("{header}{}", "A".repeat(100_000)),
        format!("{header}MIIBoooooooooooooooooooooooooooo\n-----END CERTIFICATE-----\n"),
        format!("{header}\n-----END CERTIFICATE-----\n").repeat(600),
        "-----BEGIN CERTIFICATE REQUEST-----\nMII\n-----END CERTIFICATE REQUEST-----".to_owned(),
        "\u{0}\u{1}\u{2}".to_owned(),
        "MIIB".repeat(1_000),
        "日本語🦀".repeat(1_000),
    ];
    for text in &texts {
        for field in ["body", "chain", "privateKey", "csr"] {
            let mut upload = json!({"body": "x", "owner": "team@example.com"});
            upload[field] = json!(text);
            let answer = service.post("/certificates/upload", &service.admin, &upload);
            assert_eq!(answer.status, 400, "{field}: {answer:?}");
        }
        for field in ["csr", "commonName", "name", "description", "keyType", "validityEnd", "profile"] {
            let mut new = new_certificate("Root", "www.example.com");
            new[field] = json!(text);
            let answer = service.post("/certificates", &service.admin, &new);
            assert!([200, 400].contains(&answer.status), "{field}: {answer:?}");
        }
        let new = json!({"name": text, "owner": "pki@example.com", "commonName": text, "keyType": "ECCPRIME256V1"});
        assert_eq!(service.post("/authorities", &service.admin, &new).status, 400);
    }
    for body in ["", "{", "[]", "null", "\"x\"", "{\"owner\": {\"owner\": []}}", &"[".repeat(200_000)] {
        for path in ["/certificates", "/authorities", "/users", "/roles", "/keys", "/auth/login"] {
            let headers = [("authorization", format!("Bearer {}", service.admin))];
            let answer = service.ask("POST", &format!("/api/1{path}"), &headers, Some(("application/json", body.as_bytes().to_vec())));
            assert_eq!(answer.status, 400, "{path}: {answer:?}");
        }
    }
    // Where nobody has signed in yet: in the header of a token, and in the form of the page.
    let parts: Vec<&str> = service.admin.split('.').collect();
    for id in ["\u{0}", "a\u{0}b", "日本", &"0".repeat(1_000)] {
        let header = json!({"typ": "JWT", "alg": "HS256", "kid": id}).to_string();
        let header = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, header);
        service.get("/auth/me", &format!("{header}.{}.{}", parts[1], parts[2])).refused(403);
        let login = json!({"username": id.replace('\u{0}', "\u{1}"), "password": PASSWORD});
        service.post("/auth/login", "", &login).refused(if id.len() > 254 { 400 } else { 403 });
        let form = format!("username={}&password=x", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC));
        let headers = [("sec-fetch-site", "same-origin".to_owned())];
        let answer = service.ask("POST", "/sign-in", &headers, Some(("application/x-www-form-urlencoded", form.into_bytes())));
        assert_eq!(answer.status, 403, "{id:?}: {answer:?}");
    }
    let huge = vec![b' '; 3 << 20];
    let headers = [("authorization", format!("Bearer {}", service.admin))];
    let answer = service.ask("POST", "/api/1/certificates", &headers, Some(("application/json", huge)));
    assert_eq!(answer.status, 413);
}

/// Vault took a certificate for another by its serial number alone.
#[test]
fn a_serial_number_alone_names_no_certificate() {
    let service = Service::start();
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "www.example.com");
    let serial = format!("0x{}", certificate["serialHex"].as_str().unwrap());
    let key = service.folder.path().join("forged.key");
    let arguments =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=Elsewhere"];
    let forged = openssl(arguments.into_iter().chain(["-set_serial", &serial, "-keyout", key.to_str().unwrap()]), b"").success().text();
    let thief = service.user("thief", &[]);
    let stored = service.post("/certificates/upload", &thief, &json!({"body": forged, "owner": "thief@example.com"})).done();
    assert_eq!(stored["serialHex"], certificate["serialHex"]);
    service.put(&format!("/certificates/{}/revoke", stored["id"]), &thief, &json!({"crlReason": "keyCompromise"})).refused(400);
    assert_eq!(service.get(&format!("/certificates/{}", certificate["id"]), &thief).done()["status"], "valid");
}
