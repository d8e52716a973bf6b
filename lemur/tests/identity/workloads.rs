//! What a workload does that its issuer's token lets in: a CI's, whose keys are found by discovery, and a cluster's, whose keys are in a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_tests::OidcProvider;
use menagerie_tests::keys::openssl;
use serde_json::json;

use super::house::{House, client, new_certificate, on_both, send};
use super::people::at_provider;
use super::stub::{Issuer, Key, claims, now, workload};

#[test]
fn a_pipeline_issues_renews_and_revokes_with_no_secret_of_ours() {
    let key = Key::elliptic("k1");
    let issuer = Issuer::start(&[&key]);
    on_both(
        |_| workload(&issuer.url),
        |house| {
            let shown = key.sign(&claims(&issuer.url));
            let pass = house.exchange("ci", &json!({"token": shown})).done();
            assert_eq!(
                (&pass["owner"], &pass["authority"], &pass["workload"]),
                (&json!("team@example.com"), &json!("internal"), &json!("ci"))
            );
            assert_eq!(pass["actions"], json!(["issue", "renew", "revoke", "export"]));
            let token = pass["token"].as_str().unwrap();
            let myself = house.get("/auth/me", token).done();
            assert_eq!(myself["subject"], "repo:org/app:ref:refs/heads/main");

            let made = house.post("/certificates", token, &new_certificate("a.apps.example.com")).done();
            let id = made["id"].as_i64().unwrap();
            assert!(made["body"].as_str().unwrap().contains("BEGIN CERTIFICATE"));
            assert!(house.get(&format!("/certificates/{id}/key"), token).done()["key"].as_str().unwrap().contains("PRIVATE KEY"));
            let mut again = new_certificate("a.apps.example.com");
            again["replaces"] = json!([{"id": id}]);
            let renewed = house.post("/certificates", token, &again).done();
            assert_eq!(renewed["replaces"][0]["id"], id);
            house.put(&format!("/certificates/{id}/revoke"), token, &json!({"crlReason": "superseded"})).done();

            // Nothing beside its grant.
            house.post("/certificates", token, &new_certificate("evil.example.com")).refused(403);
            let mut other = new_certificate("a.apps.example.com");
            other["owner"] = json!("boss@example.com");
            house.post("/certificates", token, &other).refused(403);
            let mut other = new_certificate("a.apps.example.com");
            other["profile"] = json!("tls-client");
            house.post("/certificates", token, &other).refused(403);
            let mut other = new_certificate("a.apps.example.com");
            other["organization"] = json!("system:masters");
            assert!([400, 403].contains(&house.post("/certificates", token, &other).status));
            let mut other = new_certificate("a.apps.example.com");
            other["roles"] = json!([{"name": "admin"}]);
            house.post("/certificates", token, &other).refused(403);
            let mut other = new_certificate("a.apps.example.com");
            other["authority"] = json!({"name": "internal-root"});
            house.post("/certificates", token, &other).refused(403);

            // Nothing of what is another's, and nothing about people.
            let theirs = house.post("/certificates", &house.admin, &new_certificate("b.apps.example.com")).done()["id"].as_i64().unwrap();
            house.put(&format!("/certificates/{theirs}/revoke"), token, &json!({})).refused(403);
            house.get(&format!("/certificates/{theirs}/key"), token).refused(403);
            house.get("/users", token).refused(403);
            house.get("/logs", token).refused(403);
            house.post("/keys", token, &json!({"name": "x"})).refused(403);

            let log = house.log();
            assert!(log.contains("workload ci: repo:org/app:ref:refs/heads/main") && log.contains("workload_admitted"), "{log}");
            assert!(!log.contains(&shown) && !log.contains(token), "the log has a token in it");
        },
    );
}

#[test]
fn a_request_of_the_pipelines_own_key_is_certified_for_its_names_alone() {
    let key = Key::rsa("k1");
    let issuer = Issuer::start(&[&key]);
    let house = House::start(&workload(&issuer.url));
    let token = house.admitted("ci", &json!({"token": key.sign(&claims(&issuer.url))}));
    let csr = |name: &str, more: &str| {
        let names = format!("subjectAltName=DNS:{name}{more}");
        let subject = format!("/CN={name}");
        let key = house.folder.path().join("csr.key").to_str().unwrap().to_owned();
        let algorithm = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        openssl(algorithm.into_iter().chain(["-keyout", &key, "-subj", &subject, "-addext", &names]), b"").success().text()
    };
    let order = |csr: String| json!({"owner": "team@example.com", "authority": {"name": "internal"}, "csr": csr});
    house.post("/certificates", &token, &order(csr("a.apps.example.com", ""))).done();
    house.post("/certificates", &token, &order(csr("a.apps.example.com", ",DNS:evil.example.com"))).refused(403);
    house.post("/certificates", &token, &order(csr("evil.example.com", ""))).refused(403);
}

#[test]
fn claims_decide_who_comes_in() {
    let key = Key::elliptic("k1");
    let issuer = Issuer::start(&[&key]);
    let house = House::start(&workload(&issuer.url));
    for (name, value) in [
        ("repository", json!("org/app2")),
        ("repository", json!("Org/app")),
        ("repository", json!({"org/app": true})),
        ("ref", json!("refs/heads/a/b")),
        ("ref", json!("refs/tags/v1")),
        ("ref", json!(null)),
    ] {
        let mut other = claims(&issuer.url);
        other[name] = value;
        let said = house.exchange("ci", &json!({"token": key.sign(&other)})).refused(403);
        assert!(said.contains(name), "{said}");
    }
    house.exchange("other", &json!({"token": key.sign(&claims(&issuer.url))})).refused(403);
    house.exchange("ci", &json!({"aws": {}})).refused(403);
    assert_eq!(house.exchange("ci", &json!({})).status, 400);
}

/// A workload of which the configuration says nothing any more is out at once, and its certificates stay its own when it is back.
#[test]
fn a_workload_that_is_gone_from_the_configuration_is_out() {
    let key = Key::elliptic("k1");
    let issuer = Issuer::start(&[&key]);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let database = data.join("lemur.db").to_str().unwrap().to_owned();
    let ring = format!("key_file = {:?}\n", data.join("keys"));
    let in_place = |config: &str| House::start_in(tempfile::tempdir().unwrap(), &format!("{ring}{config}"), Some(database.clone()));
    let house = in_place(&workload(&issuer.url));
    let token = house.admitted("ci", &json!({"token": key.sign(&claims(&issuer.url))}));
    let id = house.post("/certificates", &token, &new_certificate("a.apps.example.com")).done()["id"].as_i64().unwrap();
    drop(house);
    let house = in_place("");
    house.get("/auth/me", &token).refused(403);
    house.exchange("ci", &json!({"token": key.sign(&claims(&issuer.url))})).refused(403);
    drop(house);
    let house = in_place(&workload(&issuer.url));
    house.put(&format!("/certificates/{id}/revoke"), &token, &json!({})).done();
}

/// As `kubectl create token` makes them; a cluster's issuer is seldom where others can reach it.
#[test]
fn a_pod_comes_in_by_its_service_account() {
    let key = Key::rsa("cluster");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("jwks.json"), json!({"keys": [key.public]}).to_string()).unwrap();
    let config = r#"
[workloads.web]
owner = "web@example.com"
authority = "internal"
profiles = ["mtls-workload"]
names = ["spiffe://example.com/ns/prod/sa/web"]
issuer = "https://kubernetes.default.svc.cluster.local"
audience = "lemur"
jwks_file = "jwks.json"
match = { sub = "system:serviceaccount:prod:web", "/kubernetes.io/namespace" = "prod", "/kubernetes.io/serviceaccount/name" = "web" }
"#;
    let house = House::start_in(folder, config, None);
    let token = |namespace: &str, account: &str| {
        let claims = json!({"iss": "https://kubernetes.default.svc.cluster.local", "aud": ["https://kubernetes.default.svc", "lemur"],
            "sub": format!("system:serviceaccount:{namespace}:{account}"), "iat": now(), "nbf": now(), "exp": now() + 3_600, "jti": "1",
            "kubernetes.io": {"namespace": namespace, "node": {"name": "n1", "uid": "1"}, "pod": {"name": "web-1", "uid": "2"},
                "serviceaccount": {"name": account, "uid": "3"}}});
        let mut header = key.header();
        header.typ = None;
        json!({"token": key.sign_as(header, &claims)})
    };
    let pass = house.admitted("web", &token("prod", "web"));
    let order = json!({"owner": "web@example.com", "authority": {"name": "internal"}, "profile": "mtls-workload", "extensions": {"subAltNames":
        {"names": [{"nameType": "uniformResourceIdentifier", "value": "spiffe://example.com/ns/prod/sa/web"}]}}});
    house.post("/certificates", &pass, &order).done();
    // It may have one profile, so it need not name it; another is refused by its name.
    let mut unnamed = order.clone();
    unnamed.as_object_mut().unwrap().remove("profile");
    assert_eq!(house.post("/certificates", &pass, &unnamed).done()["profile"], "mtls-workload");
    let mut other = new_certificate("a.apps.example.com");
    other["owner"] = json!("web@example.com");
    other["profile"] = json!("tls-server");
    let said = house.post("/certificates", &pass, &other).refused(403);
    assert!(said.contains("may not use the profile tls-server: it has mtls-workload"), "{said}");
    for (namespace, account) in [("dev", "web"), ("prod", "default"), ("prod:web", "x")] {
        house.exchange("web", &token(namespace, account)).refused(403);
    }
    // What is no set of keys does not take the place of one, and a set that is not there is told at the start.
    std::fs::write(house.folder.path().join("jwks.json"), "{}").unwrap();
    house.admitted("web", &token("prod", "web"));
}

#[test]
fn who_may_only_renew_renews_its_own() {
    let key = Key::elliptic("k1");
    let issuer = Issuer::start(&[&key]);
    let issues = workload(&issuer.url);
    let renews = issues.replace("workloads.ci", "workloads.renewer").replace(r#"["issue", "renew", "revoke", "export"]"#, r#"["renew"]"#);
    let house = House::start(&format!("{issues}{renews}"));
    let shown = json!({"token": key.sign(&claims(&issuer.url))});
    let (ci, renewer) = (house.admitted("ci", &shown), house.admitted("renewer", &shown));
    house.post("/certificates", &renewer, &new_certificate("a.apps.example.com")).refused(403);
    let id = house.post("/certificates", &ci, &new_certificate("a.apps.example.com")).done()["id"].as_i64().unwrap();
    let mut again = new_certificate("a.apps.example.com");
    again["replaces"] = json!([{"id": id}]);
    house.post("/certificates", &renewer, &again).refused(403);
    // Whoever answers for the certificate makes it the other's, too.
    let role = json!({"roles": [{"name": "workload:renewer"}]});
    house.put(&format!("/certificates/{id}"), &house.admin, &role).done();
    house.post("/certificates", &renewer, &again).done();
    let mut wider = again.clone();
    wider["extensions"]["subAltNames"]["names"] =
        json!([{"nameType": "DNSName", "value": "a.apps.example.com"}, {"nameType": "DNSName", "value": "b.apps.example.com"}]);
    house.post("/certificates", &renewer, &wider).refused(403);
    house.put(&format!("/certificates/{id}/revoke"), &house.admin, &json!({})).done();
    house.post("/certificates", &renewer, &again).refused(403);
}

/// A token that a provider signs for a client.
pub(crate) fn provider_token(provider: &OidcProvider, id: &str, secret: &str) -> String {
    let agent = client(&std::fs::read(&provider.certificate).unwrap());
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let back = "https%3A%2F%2Fci.example%2Fback";
    let begin = format!(
        "{}/auth?response_type=code&client_id={id}&redirect_uri={back}&scope=openid%20profile&code_challenge={challenge}&code_challenge_method=S256",
        provider.issuer
    );
    let came = at_provider(&agent, &provider.issuer, &begin, "job");
    let code = came.split_once("code=").unwrap().1.split('&').next().unwrap();
    let encoded = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let form = format!("grant_type=authorization_code&code={code}&redirect_uri={back}&code_verifier={verifier}");
    let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret)));
    let request = http::Request::post(format!("{}/token", provider.issuer)).header("authorization", format!("Basic {pair}"));
    let answer = send(&agent, request.header("content-type", "application/x-www-form-urlencoded").body(form).unwrap());
    answer.done()["id_token"].as_str().unwrap().to_owned()
}
