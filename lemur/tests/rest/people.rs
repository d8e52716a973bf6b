//! Users, roles and API keys over the interface.

use serde_json::json;

use super::support::{PASSWORD, Service, new_certificate, on_both};

#[test]
fn users_roles_and_keys_live_as_lemurs_clients_expect() {
    on_both(|service| {
        let admin = &service.admin;
        let role = service.post("/roles", admin, &json!({"name": "Team A", "description": "a team"})).done();
        assert_eq!((role["name"].as_str(), role["users"].as_array().map(Vec::len)), (Some("Team A"), Some(0)));
        let new = json!({"username": "ann", "email": "ann@example.com", "password": PASSWORD, "roles": [{"id": role["id"]}]});
        let ann = service.post("/users", admin, &new).done();
        assert_eq!(ann["roles"][0]["name"], "Team A");
        assert!(ann["password"].is_null());
        let (role_path, user_path) = (format!("/roles/{}", role["id"]), format!("/users/{}", ann["id"]));
        assert_eq!(service.get(&format!("{role_path}/users"), admin).done()["items"][0]["username"], "ann");
        let token = service.login("ANN", PASSWORD);
        assert_eq!(service.get("/auth/me", &token).done()["email"], "ann@example.com");
        assert_eq!(service.post("/users", admin, &new).reason("username"), "there is a user with this username already");
        assert!(service.put(&user_path, admin, &json!({"password": "short"})).reason("password").contains("12 characters"));
        assert!(service.post("/users", admin, &json!({"username": "x", "email": "x"})).reason("email").contains("email"));
        assert!(
            service.post("/users", admin, &json!({"username": "x y", "email": "x@example.com"})).reason("username").contains("letters")
        );
        assert!(service.put(&user_path, admin, &json!({"roles": [{"id": 999}]})).reason("roles").contains("no such role"));

        // Lists, by pages.
        let list = service.get("/users?count=1&page=2&sortBy=username&sortDir=asc", admin).done();
        assert_eq!((list["total"].as_i64(), list["items"][0]["username"].as_str()), (Some(2), Some("ann")));
        assert_eq!(service.get("/roles?filter=name;team", admin).done()["total"], 1);

        // A key of one's own, narrowed to no more than one's roles.
        let key = service.post("/keys", &token, &json!({"name": "ci", "ttl": 30, "roles": [{"name": "Team A"}]})).done();
        let jwt = key["jwt"].as_str().unwrap();
        assert_eq!((key["revoked"].as_bool(), key["ttl"].as_i64(), &key["token"]), (Some(false), Some(30), &key["jwt"]));
        assert_eq!(service.get("/auth/me", jwt).done()["keyId"], key["id"]);
        let key_path = format!("/keys/{}", key["id"]);
        let read = service.get(&key_path, &token).done();
        assert!(read["jwt"].is_null() && read["token"].is_null(), "a token is shown once");
        let listed = service.get("/keys", &token).done();
        assert!(listed["total"] == 1 && !listed.to_string().contains("eyJ"));
        assert!(
            service.post("/keys", &token, &json!({"name": "x", "roles": [{"name": "admin"}]})).reason("roles").contains("not a member")
        );
        assert!(service.post("/keys", &token, &json!({"name": "x", "ttl": 0})).reason("ttl").contains("days"));
        service.put(&key_path, &token, &json!({"revoked": true})).done();
        assert_eq!(service.get("/auth/me", jwt).refused(403)["message"], "Token has been revoked");
        assert!(service.put(&key_path, &token, &json!({"revoked": false})).reason("revoked").contains("not undone"));
        assert_eq!(service.delete(&key_path, &token).done(), json!({"result": true}));

        // Who is deactivated is out.
        service.put(&user_path, admin, &json!({"active": false})).done();
        service.get("/auth/me", &token).refused(403);
        assert_eq!(service.delete(&role_path, admin).done(), json!({"message": "ok"}));
        service.get(&role_path, admin).refused(404);
    });
}

#[test]
fn a_password_is_the_users_own_to_change_and_all_else_is_not() {
    let service = Service::start();
    let new = json!({"username": "ann", "email": "ann@example.com", "password": PASSWORD});
    let id = service.post("/users", &service.admin, &new).done()["id"].clone();
    let token = service.login("ann", PASSWORD);
    let path = format!("/users/{id}");
    service.put(&path, &token, &json!({"password": "another horse battery", "roles": [{"name": "admin"}]})).refused(403);
    service.put(&path, &token, &json!({"email": "pki@example.com"})).refused(403);
    service.put("/users/1", &token, &json!({"password": "another horse battery"})).refused(403);
    // A token alone does not do it: the password until now is asked for.
    assert!(service.put(&path, &token, &json!({"password": "another horse battery"})).reason("oldPassword").contains("required"));
    let wrong = json!({"password": "another horse battery", "oldPassword": "not the password"});
    service.put(&path, &token, &wrong).refused(403);
    service.get("/auth/me", &token).done();
    service.put(&path, &token, &json!({"password": "another horse battery", "oldPassword": PASSWORD})).done();
    service.get("/auth/me", &token).refused(403);
    let token = service.login("ann", "another horse battery");
    // An administrator does it for another, and not for oneself without the old one.
    service.put(&path, &service.admin, &json!({"password": PASSWORD})).done();
    service.get("/auth/me", &token).refused(403);
    service.put("/users/1", &service.admin, &json!({"password": "another horse battery", "active": true})).reason("oldPassword");
}

/// Whoever finds an API key does not keep the account by it, and does not shut its owner out.
#[test]
fn an_api_key_does_not_change_what_its_user_comes_in_by() {
    on_both(|service| {
        let new = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD});
        let id = service.post("/users", &service.admin, &new).done()["id"].clone();
        let bob = service.login("bob", PASSWORD);
        let mut keys = vec![];
        for token in [&bob, &service.admin] {
            let key = service.post("/keys", token, &json!({"name": "ci", "ttl": 1})).done();
            keys.push((if token == &bob { id.clone() } else { json!(1) }, key["jwt"].as_str().unwrap().to_owned()));
        }
        for (user, key) in &keys {
            service.post("/keys", key, &json!({"name": "for ever", "ttl": -1})).refused(403);
            service.post(&format!("/users/{user}/keys"), key, &json!({"name": "for ever", "ttl": -1})).refused(403);
            service.post("/auth/second_factor", key, &json!({})).refused(403);
            service.put("/auth/second_factor", key, &json!({"code": "000000"})).refused(403);
            let proof = json!({"password": PASSWORD});
            service.call("DELETE", "/auth/second_factor", key, Some(&proof)).refused(403);
            service.delete(&format!("/users/{user}/second_factor"), key).refused(403);
            let change = json!({"password": "another horse battery", "oldPassword": PASSWORD, "active": true});
            service.put(&format!("/users/{user}"), key, &change).refused(403);
        }
        service.login("bob", PASSWORD);
        // An administrator's key administers others.
        service.post(&format!("/users/{id}/keys"), &keys[1].1, &json!({"name": "made for bob"})).done();
    });
}

#[test]
fn a_password_is_taken_to_the_letter() {
    on_both(|service| {
        let blanks = "  leading and trailing  ";
        let new = json!({"username": "ann", "email": "ann@example.com", "password": blanks});
        let id = service.post("/users", &service.admin, &new).done()["id"].clone();
        service.login("ann", blanks);
        service.post("/auth/login", "", &json!({"username": "ann", "password": blanks.trim()})).refused(403);
        for empty in ["", "   "] {
            let wrong = service.put(&format!("/users/{id}"), &service.admin, &json!({"password": empty}));
            assert!(wrong.reason("password").contains("12 characters"), "{wrong:?}");
            let new = json!({"username": "eve", "email": "eve@example.com", "password": empty});
            assert!(service.post("/users", &service.admin, &new).reason("password").contains("12 characters"));
        }
        service.login("ann", blanks);
    });
}

#[test]
fn a_key_narrowed_to_no_role_is_one_of_none() {
    on_both(|service| {
        let key = service.post("/keys", &service.admin, &json!({"name": "none", "roles": []})).done();
        assert_eq!((&key["narrowed"], &key["roles"]), (&json!(true), &json!([])));
        let token = key["jwt"].as_str().unwrap();
        service.post("/roles", token, &json!({"name": "x"})).refused(403);
        service.get("/logs", token).refused(403);
        service.get("/certificates", token).done();
        let key = service.post("/keys", &service.admin, &json!({"name": "all"})).done();
        assert_eq!(key["narrowed"], false);
        service.post("/roles", key["jwt"].as_str().unwrap(), &json!({"name": "x"})).done();
    });
}

#[test]
fn signing_in_is_refused_alike_and_not_without_end() {
    let service = Service::start();
    let login = |username: &str, password: &str| service.post("/auth/login", "", &json!({"username": username, "password": password}));
    let (unknown, wrong) = (login("nobody", PASSWORD), login("admin", "wrong"));
    assert_eq!((unknown.status, &unknown.text), (403, &wrong.text));
    assert_eq!(service.post("/auth/login", "", &json!({"username": "admin"})).reason("password"), "Missing data for required field.");
    // An address in other words would be another account's to who counts tries.
    assert_eq!(login("admin@localhost", PASSWORD).status, 200);
    assert_eq!(login(" admin@localhost", PASSWORD).status, 403);
    let mut last = wrong;
    for _ in 0..12 {
        last = login("admin", "wrong");
    }
    assert_eq!(last.status, 429, "{last:?}");
    assert!(last.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() <= 300);
    assert_eq!(login("admin", PASSWORD).status, 429);
}

#[test]
fn a_request_without_a_good_token_is_nobodys() {
    let service = Service::start();
    assert_eq!(service.get("/users", "").refused(401)["message"], "Missing authorization header");
    assert_eq!(service.get("/users", "a.b.c").refused(403)["message"], "Token is invalid");
    for header in ["", "Bearer", "Basic YWRtaW46cHc=", &format!("bearer{}", service.admin)] {
        let answer = service.ask("GET", "/api/1/users", &[("authorization", header.to_owned())], None);
        assert!([401, 403].contains(&answer.status), "{header}: {answer:?}");
    }
    let twice = [("authorization", format!("Bearer {}", service.admin)), ("authorization", "Bearer x".to_owned())];
    assert_eq!(service.ask("GET", "/api/1/users", &twice, None).status, 403);
    let lower = service.ask("GET", "/api/1/users", &[("authorization", format!("bearer {}", service.admin))], None);
    assert_eq!(lower.status, 200);
}

#[test]
fn a_second_factor_is_the_users_own() {
    let service = Service::start();
    let made = service.post("/auth/second_factor", &service.admin, &json!({})).done();
    assert!(made["uri"].as_str().unwrap().starts_with("otpauth://totp/lemur:admin?"));
    assert!(service.put("/auth/second_factor", &service.admin, &json!({"code": "1"})).reason("code").contains("code"));
    let secret = totp_rs::Secret::try_from_base32(made["secret"].as_str().unwrap()).unwrap();
    let totp = totp_rs::Builder::new().with_algorithm(totp_rs::Algorithm::SHA1).with_secret(secret).build_noncompliant();
    let code = totp.generate_current().to_string();
    service.put("/auth/second_factor", &service.admin, &json!({"code": code})).done();
    let refused = service.post("/auth/login", "", &json!({"username": "admin", "password": PASSWORD})).refused(403);
    assert!(refused["message"].as_str().unwrap().contains("second factor"), "{refused}");
    service.post("/auth/second_factor", &service.admin, &json!({})).refused(409);
    // Nor does a token alone take it away, or set a password.
    assert!(service.delete("/auth/second_factor", &service.admin).reason("password").contains("required"));
    let proof = json!({"password": PASSWORD});
    let refused = service.call("DELETE", "/auth/second_factor", &service.admin, Some(&proof)).refused(403);
    assert!(refused["message"].as_str().unwrap().contains("code"), "{refused}");
    let change = json!({"password": "another horse battery", "oldPassword": PASSWORD});
    let refused = service.put("/users/1", &service.admin, &change).refused(403);
    assert!(refused["message"].as_str().unwrap().contains("code"), "{refused}");
    let own = service.delete("/users/1/second_factor", &service.admin).refused(403);
    assert!(own["message"].as_str().unwrap().contains("another user"), "{own}");
    // Who has lost it asks another administrator.
    let new = json!({"username": "other", "email": "other@example.com", "password": PASSWORD, "roles": [{"name": "admin"}]});
    service.post("/users", &service.admin, &new).done();
    let other = service.login("other", PASSWORD);
    service.delete("/users/1/second_factor", &other).done();
    let line = service.get("/logs?count=1", &other).done();
    assert_eq!(
        (line["items"][0]["action"].as_str(), line["items"][0]["user"]["username"].as_str()),
        (Some("second_factor_removed"), Some("other"))
    );
    service.delete("/users/1/second_factor", &other).refused(404);
    service.login("admin", PASSWORD);
}

#[test]
fn the_log_tells_who_did_what() {
    let service = Service::start();
    service.authority("Root");
    let issuer = service.user("ann", &["Root_operator"]);
    let certificate = service.post("/certificates", &issuer, &new_certificate("Root", "www.example.com")).done();
    service.get(&format!("/certificates/{}/key", certificate["id"]), &issuer).done();
    let log = service.get("/logs?count=2", &service.admin).done();
    assert_eq!((log["items"][0]["action"].as_str(), log["items"][0]["user"]["username"].as_str()), (Some("key_viewed"), Some("ann")));
    assert_eq!(log["items"][1]["action"], "certificate_issued");
    assert_eq!(log["items"][1]["resource"]["names"][0], "www.example.com");
    assert!(log["total"].as_i64().unwrap() > 5);
    assert!(!service.get("/logs?count=1000", &service.admin).text.contains("PRIVATE KEY"));
}

/// Who is an administrator, and who has no second factor, is nothing that every member is told.
#[test]
fn members_see_of_others_no_more_than_the_name() {
    on_both(|service| {
        let alice = service.user("alice", &[]);
        let listed = service.get("/users", &alice).done();
        assert_eq!(listed["items"][0], json!({"id": 1, "username": "admin"}));
        assert_eq!(service.get("/users/1", &alice).done(), listed["items"][0]);
        service.get("/users/1/roles", &alice).refused(403);
        let own = &listed["items"][1];
        assert_eq!((&own["email"], &own["secondFactor"]), (&json!("alice@example.com"), &json!(false)));
        assert_eq!(service.get("/auth/me", &alice).done()["email"], own["email"]);
        for role in ["operator", "read-only"] {
            let seen = service.get("/users/1", &service.user(role, &[role])).done();
            assert_eq!(seen["roles"][0]["name"], "admin", "{role}");
        }
        service.authority("Root");
        let certificate = service.certificate(&service.admin, "Root", "www.example.com");
        let creator = service.get(&format!("/certificates/{}/creator", certificate["id"]), &alice).done();
        assert_eq!(creator, json!({"id": 1, "username": "admin"}));
    });
}

#[test]
fn a_role_may_be_limited_to_names_of_an_authority() {
    on_both(|service| {
        let authority = service.authority("Root");
        let path = format!("/authorities/{}", authority["id"]);
        let issuer = service.session("ann", &["Root_operator"]);
        let ask = |token: &str, change: &dyn Fn(&mut serde_json::Value)| {
            let mut new = new_certificate("Root", "www.team.example");
            change(&mut new);
            service.post("/certificates", token, &new)
        };
        let named = |name: &'static str| move |new: &mut serde_json::Value| new["commonName"] = json!(name);
        ask(&issuer, &named("www.other.example")).done();

        let limit = |names: serde_json::Value| json!({"roleNames": [{"role": {"name": "Root_operator"}, "names": names}]});
        let limited = service.put(&path, &service.admin, &limit(json!(["*.team.example", "10.0.0.0/8"]))).done();
        assert_eq!(limited["roleNames"][0]["names"], json!(["*.team.example", "10.0.0.0/8"]));
        assert_eq!(limited["roleNames"][0]["role"]["name"], "Root_operator");
        ask(&issuer, &named("www.team.example")).done();
        let refused = ask(&issuer, &named("www.other.example")).refused(403);
        assert!(refused["message"].as_str().unwrap().contains("None of your roles"), "{refused}");
        // Names beside the common name, and those of a request.
        ask(&issuer, &|new| {
            new["extensions"] = json!({"subAltNames": {"names": [{"nameType": "DNSName", "value": "www.other.example"}]}});
        })
        .refused(403);
        let csr = super::support::request(service, "www.other.example");
        ask(&issuer, &|new| {
            new["csr"] = json!(csr);
            new["commonName"] = json!(null);
        })
        .refused(403);
        // Administrators are not limited, and an API key of the role is.
        ask(&service.admin, &named("www.other.example")).done();
        let key = service.post("/keys", &issuer, &json!({"name": "ci", "roles": [{"name": "Root_operator"}]})).done();
        ask(key["jwt"].as_str().unwrap(), &named("www.other.example")).refused(403);
        ask(key["jwt"].as_str().unwrap(), &named("b.team.example")).done();

        service.put(&path, &service.admin, &limit(json!(["a..b"]))).reason("roleNames.0");
        service.put(&path, &service.admin, &json!({"roleNames": [{"role": {"name": "none"}, "names": []}]})).reason("roleNames.0");
        assert_eq!(service.put(&path, &issuer, &limit(json!([]))).status, 403, "who is limited does not lift it");
        service.put(&path, &service.admin, &limit(json!([]))).done();
        ask(&issuer, &named("www.other.example")).done();
    });
}

#[test]
fn one_signs_in_by_name_or_by_address() {
    on_both(|service| {
        service.session("ann", &[]);
        let try_by = |username: &str, password: &str| service.post("/auth/login", "", &json!({"username": username, "password": password}));
        let token = try_by("Ann@Example.com", PASSWORD).done()["token"].as_str().unwrap().to_owned();
        assert_eq!(service.get("/auth/me", &token).done()["username"], "ann");
        let wrong = try_by("ann@example.com", "wrong horse battery").refused(403);
        assert_eq!(wrong, try_by("nobody@example.com", PASSWORD).refused(403));
        // A name that is another's address is its user's.
        let other = json!({"username": "ann@example.com", "email": "other@example.com", "password": "another horse battery"});
        if service.post("/users", &service.admin, &other).status == 200 {
            try_by("ann@example.com", PASSWORD).refused(403);
            let token = try_by("ann@example.com", "another horse battery").done()["token"].as_str().unwrap().to_owned();
            assert_eq!(service.get("/auth/me", &token).done()["email"], "other@example.com");
        }
    });
}

#[test]
fn what_a_list_is_asked_for_is_done_or_refused_by_name() {
    on_both(|service| {
        let admin = &service.admin;
        for name in ["bob", "carol"] {
            service.user(name, &[]);
        }
        let names = |query: &str| {
            let listed = service.get(&format!("/keys?{query}"), admin).done();
            listed["items"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("filter=name;CAR"), ["carol"]);
        assert_eq!(names("filter=name;nobody"), Vec::<String>::new());
        assert_eq!(names("sortBy=name&sortDir=desc"), ["carol", "bob"]);
        for path in ["/keys", "/users", "/roles", "/logs"] {
            assert!(!service.get(&format!("{path}?sortBy=password"), admin).reason("sortBy").is_empty(), "{path}");
            assert!(!service.get(&format!("{path}?filter=password;x"), admin).reason("filter").is_empty(), "{path}");
        }
        let log = |query: &str| service.get(&format!("/logs?count=3&{query}"), admin).done()["items"].as_array().unwrap().clone();
        let (newest, oldest) = (log(""), log("sortBy=id&sortDir=asc"));
        assert!(newest[0]["id"].as_i64() > newest[2]["id"].as_i64(), "{newest:?}");
        assert_eq!(oldest[0]["id"], 1);
        assert!(oldest[0]["id"].as_i64() < oldest[2]["id"].as_i64(), "{oldest:?}");
        assert_eq!(log("sortDir=asc&page=2")[0]["id"], 4);
        assert_eq!((&newest[0]["user"]["username"], &newest[0]["user"]["email"]), (&json!("admin"), &json!("admin@localhost")));
    });
}

#[test]
fn short_lists_have_pages_too() {
    let service = Service::start();
    let admin = &service.admin;
    let authority = service.authority("Root");
    service.user("bob", &["Root_operator"]);
    let mut new = new_certificate("Root", "www.example.com");
    new["extensions"] = json!({"subAltNames": {"names": [{"nameType": "DNSName", "value": "b.example.com"}]}});
    let first = service.post("/certificates", admin, &new).done();
    new["replaces"] = json!([{"id": first["id"]}]);
    let second = service.post("/certificates", admin, &new).done();
    let user = service.get("/users?filter=name;bob", admin).done()["items"][0]["id"].clone();
    let role = service.get("/roles?filter=name;Root_operator", admin).done()["items"][0]["id"].clone();
    let document = service.get("/openapi.json", admin).done();
    for (path, described) in [
        ("/plugins".to_owned(), "/plugins"),
        (format!("/roles/{role}/users"), "/roles/{id}/users"),
        (format!("/users/{user}/roles"), "/users/{id}/roles"),
        (format!("/authorities/{}/roles", authority["id"]), "/authorities/{id}/roles"),
        (format!("/certificates/{}/domains", first["id"]), "/certificates/{id}/domains"),
        (format!("/certificates/{}/replacements", second["id"]), "/certificates/{id}/replacements"),
        (format!("/certificates/name/{}", first["name"].as_str().unwrap()), "/certificates/name/{name}"),
    ] {
        let whole = service.get(&path, admin).done();
        let page = |query: &str| service.get(&format!("{path}?{query}"), admin).done();
        assert_eq!(page("page=1&count=1")["items"], json!([whole["items"][0]]), "{path}");
        let beyond = page("page=1000&count=1");
        assert_eq!((&beyond["items"], &beyond["total"]), (&json!([]), &whole["total"]), "{path}");
        let parameters = &document["paths"][format!("/api/1{described}")]["get"]["parameters"];
        assert!(["page", "count"].into_iter().all(|name| parameters.to_string().contains(name)), "{path}: {parameters}");
    }
}

#[test]
fn a_narrowed_key_is_told_why_it_does_not_change_itself() {
    let service = Service::start();
    let session = service.session("bob", &["operator"]);
    let key = service.post("/keys", &session, &json!({"name": "ci", "roles": [{"name": "operator"}]})).done();
    let refused = service.put(&format!("/keys/{}", key["id"]), key["jwt"].as_str().unwrap(), &json!({"name": "x"})).refused(403);
    assert!(refused["message"].as_str().unwrap().contains("narrowed"), "{refused}");
}
