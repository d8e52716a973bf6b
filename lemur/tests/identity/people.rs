//! Signing in by a provider that others wrote, as a browser does it.

use std::collections::BTreeMap;
use std::path::Path;

use menagerie_tests::OidcProvider;
use serde_json::{Value, json};
use ureq::Agent;

use super::house::{Answer, House, client, new_certificate, on_both, send};
use super::workloads;

const SET_OUT: &str = "__Host-lemur-sign-in";
const SECRET: &str = "the secret of the client: with signs, + and %";

/// A provider with two people, and the section that configures it.
fn provider() -> OidcProvider {
    OidcProvider::new()
}

fn section(provider: &OidcProvider, folder: &Path, more: &str) -> String {
    menagerie_tests::write_secret(folder.join("oidc.secret"), format!("{SECRET}\n"));
    format!(
        "[oidc.corp]\ntitle = \"Corp & Co\"\nissuer = {:?}\nclient_id = \"lemur\"\nclient_secret_file = \"oidc.secret\"\nca_file = {:?}\n{more}\n",
        provider.issuer, provider.certificate
    )
}

fn serve(provider: &mut OidcProvider, house: &House, accounts: &Value) {
    let clients = json!([{"client_id": "lemur", "client_secret": SECRET, "grant_types": ["authorization_code"], "response_types": ["code"],
        "redirect_uris": [format!("{}/sign-in/with/corp/callback", house.url)]}]);
    provider.serve(&clients, accounts, &["name", "groups", "repository", "ref"]);
}

fn ada(groups: &[&str]) -> Value {
    json!({"ada": {"email": "ada@corp.example", "email_verified": true, "groups": groups}})
}

/// A browser's part at the provider: signs in as somebody, agrees, and gives the address that it is sent back to.
pub(crate) fn at_provider(agent: &Agent, issuer: &str, location: &str, login: &str) -> String {
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    let mut location = location.to_owned();
    for _ in 0..12 {
        let url = if location.starts_with('/') { format!("{issuer}{location}") } else { location.clone() };
        if !url.starts_with(issuer) {
            return url;
        }
        let mut answer = ask(agent, &url, &mut cookies, None);
        if url.contains("/interaction/") {
            let prompt = if answer.text.contains("value=\"login\"") {
                format!("prompt=login&login={login}&password=x")
            } else {
                "prompt=consent".to_owned()
            };
            answer = ask(agent, &url, &mut cookies, Some(&prompt));
        }
        location = answer.location();
    }
    panic!("the provider leads in a circle: {location}");
}

fn ask(agent: &Agent, url: &str, cookies: &mut BTreeMap<String, String>, form: Option<&str>) -> Answer {
    let brought: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let request = http::Request::builder().uri(url).header("cookie", brought.join("; "));
    let answer = match form {
        Some(form) => {
            send(agent, request.method("POST").header("content-type", "application/x-www-form-urlencoded").body(form.to_owned()).unwrap())
        }
        None => send(agent, request.body(String::new()).unwrap()),
    };
    for text in answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()) {
        let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
        cookies.insert(name.to_owned(), value.to_owned());
    }
    answer
}

/// A browser that sets out, and where it comes back to, with the cookie that it has then.
fn set_out(house: &House, provider: &OidcProvider, login: &str) -> (String, String) {
    let agent = client(&std::fs::read(&provider.certificate).unwrap());
    let begun = house.page("/sign-in/with/corp", &[]);
    assert_eq!(begun.status, 303, "{begun:?}");
    let back = at_provider(&agent, &provider.issuer, &begun.location(), login);
    let path = back.strip_prefix(&house.url).unwrap_or_else(|| panic!("it comes back elsewhere: {back}")).to_owned();
    (path, begun.cookie(SET_OUT).unwrap())
}

/// Signs somebody in; gives what the page is answered.
fn sign_in(house: &House, provider: &OidcProvider, login: &str) -> Answer {
    let (path, cookie) = set_out(house, provider, login);
    house.page(&path, &[(SET_OUT, &cookie)])
}

fn session(answer: &Answer) -> String {
    answer.cookie("__Host-lemur").unwrap_or_else(|| panic!("nobody is signed in: {answer:?}"))
}

#[test]
fn somebody_new_signs_in_by_the_provider_and_has_its_roles() {
    let provider = std::cell::RefCell::new(provider());
    let policy =
        "create_users = true\nemail_domains = [\"corp.example\"]\n[oidc.corp.roles]\n\"pki\" = [\"operator\"]\n\"dev\" = [\"devs\"]";
    on_both(
        |folder| section(&provider.borrow(), folder, policy),
        |house| {
            let mut provider = provider.borrow_mut();
            serve(&mut provider, house, &ada(&["pki", "other"]));
            house.post("/roles", &house.admin, &json!({"name": "devs"})).done();
            house.post("/roles", &house.admin, &json!({"name": "by-hand"})).done();
            assert!(house.page("/sign-in", &[]).text.contains("Sign in with Corp &amp; Co"));
            let offered = house.get("/auth/providers", "").done();
            assert_eq!((&offered[0]["name"], &offered[0]["clientId"]), (&json!("corp"), &json!("lemur")));

            let (path, cookie) = set_out(house, &provider, "ada");
            let answer = house.page(&path, &[(SET_OUT, &cookie)]);
            assert_eq!((answer.status, answer.cookie(SET_OUT).as_deref()), (200, Some("")));
            assert!(answer.text.contains("url=/certificates"), "the way on is a page of this site: {answer:?}");
            let token = session(&answer);
            let page = house.page("/certificates", &[("__Host-lemur", &token)]);
            assert!(page.status == 200 && page.text.contains("ada@corp.example"), "{page:?}");
            assert_eq!(house.get("/auth/me", &token).done()["roles"][0]["name"], "operator");
            assert_eq!(house.page(&path, &[(SET_OUT, &cookie)]).status, 403, "a code is for once");

            // What was given here stays; what the provider gave goes with it.
            let users = house.get("/users?filter=username;ada", &house.admin).done();
            let id = users["items"].as_array().unwrap().iter().find(|user| user["email"] == "ada@corp.example").unwrap()["id"].clone();
            let roles = json!({"roles": [{"name": "operator"}, {"name": "by-hand"}]});
            house.put(&format!("/users/{id}"), &house.admin, &roles).done();
            serve(&mut provider, house, &ada(&["dev"]));
            session(&sign_in(house, &provider, "ada"));
            assert_eq!(house.roles_of("ada@corp.example"), ["devs", "by-hand"]);
            serve(&mut provider, house, &ada(&[]));
            session(&sign_in(house, &provider, "ada"));
            assert_eq!(house.roles_of("ada@corp.example"), ["by-hand"]);

            house.put(&format!("/users/{id}"), &house.admin, &json!({"active": false})).done();
            let refused = sign_in(house, &provider, "ada");
            assert!(refused.status == 403 && refused.cookie("__Host-lemur").is_none(), "{refused:?}");
            house.get("/auth/me", &token).refused(403);
            let log = house.log();
            for event in ["user_created", "user_roles_synced"] {
                assert!(log.contains(event), "{event}: {log}");
            }
            assert!(!log.contains(&token));
        },
    );
}

/// Lemur's clients take a token by REST.
#[test]
fn what_the_browser_brings_is_a_token_by_rest() {
    let mut provider = provider();
    let folder = tempfile::tempdir().unwrap();
    let config = section(&provider, folder.path(), "create_users = true\nuserinfo = true\n[oidc.corp.require]\ngroups = \"pki\"");
    let house = House::start_in(folder, &config, None);
    serve(&mut provider, &house, &ada(&["pki"]));
    let begun = house.get("/auth/oauth2", "");
    assert_eq!(begun.status, 303);
    let agent = client(&std::fs::read(&provider.certificate).unwrap());
    let back = at_provider(&agent, &provider.issuer, &begun.location(), "ada");
    let (_, query) = back.split_once('?').unwrap();
    let answer = house.page(&format!("/api/1/auth/oauth2?{query}"), &[(SET_OUT, &begun.cookie(SET_OUT).unwrap())]);
    let token = answer.done()["token"].as_str().unwrap().to_owned();
    assert_eq!(house.get("/auth/me", &token).done()["email"], "ada@corp.example");
    house.get(&format!("/auth/oauth2?{query}"), "").refused(400);
    assert_eq!(house.get("/auth/oauth2?code=a&code=b&state=c", "").status, 400);
    house.get("/auth/oauth2?provider=other", "").refused(400);
}

#[test]
fn who_may_not_come_in_by_policy_does_not() {
    let mut provider = provider();
    let folder = tempfile::tempdir().unwrap();
    let config =
        section(&provider, folder.path(), "create_users = true\nemail_domains = [\"corp.example\"]\n[oidc.corp.require]\ngroups = \"pki\"");
    let house = House::start_in(folder, &config, None);
    serve(
        &mut provider,
        &house,
        &json!({
            "unverified": {"email": "a@corp.example", "email_verified": false, "groups": ["pki"]},
            "elsewhere": {"email": "b@evil.example", "email_verified": true, "groups": ["pki"]},
            "outsider": {"email": "c@corp.example", "email_verified": true, "groups": ["pkis"]},
            "nameless": {"groups": ["pki"]},
            "admin": {"email": "admin@corp.example", "email_verified": true, "groups": ["pki"]},
        }),
    );
    for login in ["unverified", "elsewhere", "outsider", "nameless"] {
        let answer = sign_in(&house, &provider, login);
        assert!(answer.status == 403 && answer.cookie("__Host-lemur").is_none(), "{login}: {answer:?}");
    }
    session(&sign_in(&house, &provider, "admin"));
    assert!(house.roles_of("admin@corp.example").is_empty(), "a subject's name gives nothing");
    assert_eq!(house.get("/users", &house.admin).done()["total"], 2);
}

/// An address alone makes nobody somebody else.
#[test]
fn a_user_with_a_password_is_not_taken_over_by_an_address() {
    for (policy, linked) in [("create_users = true\nemail_domains = [\"corp.example\"]", false), ("link_by_email = true", true)] {
        let mut provider = provider();
        let folder = tempfile::tempdir().unwrap();
        let config = section(&provider, folder.path(), policy);
        let house = House::start_in(folder, &config, None);
        let user = json!({"username": "ada", "email": "Ada@corp.example", "password": "battery staple horse"});
        house.post("/users", &house.admin, &user).done();
        serve(&mut provider, &house, &ada(&[]));
        let answer = sign_in(&house, &provider, "ada");
        if linked {
            assert_eq!(house.get("/auth/me", &session(&answer)).done()["username"], "ada");
            assert!(house.log().contains("user_linked"));
            // Nobody new comes in, for nothing says that they may.
            serve(&mut provider, &house, &json!({"bob": {"email": "bob@corp.example", "email_verified": true}}));
            assert_eq!(sign_in(&house, &provider, "bob").status, 403);
            // Not even with another's address that is not verified.
            serve(&mut provider, &house, &json!({"eve": {"email": "ada@corp.example", "email_verified": false}}));
            assert_eq!(sign_in(&house, &provider, "eve").status, 403);
        } else {
            assert!(answer.status == 403 && answer.cookie("__Host-lemur").is_none(), "{answer:?}");
        }
    }
}

/// What one browser set out with is of no use in another, nor for another answer.
#[test]
fn an_answer_is_for_the_browser_that_set_out() {
    let mut provider = provider();
    let folder = tempfile::tempdir().unwrap();
    let config = section(&provider, folder.path(), "create_users = true\nemail_domains = [\"corp.example\"]");
    let house = House::start_in(folder, &config, None);
    serve(&mut provider, &house, &ada(&[]));
    let (path, cookie) = set_out(&house, &provider, "ada");
    let other = house.page("/sign-in/with/corp", &[]).cookie(SET_OUT).unwrap();
    let (code, rest) = path.split_once("&state=").unwrap();
    let issuer = rest.split_once("&iss=").unwrap().1;
    for (path, cookies) in [
        (path.clone(), vec![]),
        (path.clone(), vec![(SET_OUT, other.as_str())]),
        (path.clone(), vec![(SET_OUT, cookie.as_str()), (SET_OUT, cookie.as_str())]),
        (path.clone(), vec![(SET_OUT, &cookie[1..])]),
        (format!("{code}&state=other&iss={issuer}"), vec![(SET_OUT, cookie.as_str())]),
        (format!("{path}&state=other"), vec![(SET_OUT, cookie.as_str())]),
        (path.replace("/corp/", "/other/"), vec![(SET_OUT, cookie.as_str())]),
        (path.split_once("&iss=").unwrap().0.to_owned(), vec![(SET_OUT, cookie.as_str())]),
        (format!("{}&iss=https%3A%2F%2Fevil.example", path.split_once("&iss=").unwrap().0), vec![(SET_OUT, cookie.as_str())]),
    ] {
        let answer = house.page(&path, &cookies);
        assert!((400..500).contains(&answer.status) && answer.cookie("__Host-lemur").is_none(), "{path}: {answer:?}");
    }
    session(&house.page(&path, &[(SET_OUT, &cookie)]));
}

/// The provider's own tokens, as a workload brings them.
#[test]
fn a_token_that_the_provider_signed_lets_a_workload_in() {
    let mut provider = provider();
    let mut config = String::new();
    let mut clients = Vec::new();
    for (name, algorithm) in [("rsa", "RS256"), ("ec", "ES256"), ("ed", "EdDSA")] {
        let section = super::stub::workload(&provider.issuer).replace("[workloads.ci]", &format!("[workloads.{name}]"));
        config += &section.replace("audience = \"lemur\"", &format!("audience = {name:?}\nca_file = {:?}", provider.certificate));
        clients.push(json!({"client_id": name, "client_secret": SECRET, "grant_types": ["authorization_code"], "response_types": ["code"],
            "redirect_uris": ["https://ci.example/back"], "id_token_signed_response_alg": algorithm}));
    }
    let house = House::start(&config);
    provider.serve(&json!(clients), &json!({"job": {"repository": "org/app", "ref": "refs/heads/main"}}), &["repository", "ref"]);
    let tokens = ["rsa", "ec", "ed"].map(|name| (name, json!({"token": workloads::provider_token(&provider, name, SECRET)})));
    for (name, token) in &tokens {
        let pass = house.admitted(name, token);
        house.post("/certificates", &pass, &new_certificate(&format!("{name}.apps.example.com"))).done();
    }
    let said = house.exchange("rsa", &tokens[1].1).refused(403);
    assert!(said.contains("aud"), "a token for one workload is none for another: {said}");
}
