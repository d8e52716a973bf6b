//! The pages: a session in a cookie that no other site's page can use, and nothing that runs.

use super::support::{Answer, PASSWORD, Service, new_certificate};

fn sign_in(service: &Service, password: &str, site: &str) -> Answer {
    let form = format!("username=admin&password={}&code=", password.replace(' ', "+")).into_bytes();
    service.ask("POST", "/sign-in", &[("sec-fetch-site", site.to_owned())], Some(("application/x-www-form-urlencoded", form)))
}

#[test]
fn whoever_signs_in_sees_the_certificates() {
    let service = Service::start();
    service.authority("Root");
    let mut new = new_certificate("Root", "www.example.com");
    new["name"] = serde_json::json!("<script>alert(1)</script>");
    service.post("/certificates", &service.admin, &new).done();
    let first = service.ask("GET", "/certificates", &[], None);
    assert_eq!((first.status, first.headers["location"].to_str().unwrap()), (303, "/sign-in"));
    let form = service.ask("GET", "/sign-in", &[], None);
    assert!(form.status == 200 && form.text.contains("type=\"password\""));
    let policy = form.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src") && !policy.contains("unsafe"), "{policy}");

    let wrong = sign_in(&service, "wrong", "same-origin");
    assert!(wrong.status == 403 && wrong.text.contains("wrong") && wrong.headers.get("set-cookie").is_none());
    assert_eq!(sign_in(&service, PASSWORD, "cross-site").status, 403, "another site's page signs nobody in");
    let signed = sign_in(&service, PASSWORD, "same-origin");
    assert_eq!((signed.status, signed.headers["location"].to_str().unwrap()), (303, "/certificates"));
    let cookie = signed.headers["set-cookie"].to_str().unwrap();
    for word in ["__Host-lemur=", "HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let cookie = [("cookie", cookie.split(';').next().unwrap().to_owned())];
    let list = service.ask("GET", "/certificates", &cookie, None);
    assert!(list.status == 200 && list.text.contains("www.example.com") && list.text.contains("admin"));
    assert!(list.text.contains("&lt;script&gt;") && !list.text.contains("<script"), "what is shown is escaped");
    let none = service.ask("GET", "/certificates?name=%22%3E%3Cscript%3E", &cookie, None);
    assert!(none.status == 200 && !none.text.contains("<script") && !none.text.contains("www.example.com"));
    assert!(none.text.contains("Nothing found.") && !none.text.contains("<table"), "{}", none.text);
    assert!(list.text.contains("<table") && !list.text.contains("Nothing found."));

    // The cookie is no token of the interface, and a forged one is none at all.
    assert_eq!(service.ask("GET", "/api/1/users", &cookie, None).status, 401);
    let forged = service.ask("GET", "/certificates", &[("cookie", "__Host-lemur=a.b.c".to_owned())], None);
    assert_eq!(forged.status, 303);
    let out =
        service.ask("POST", "/sign-out", &[("sec-fetch-site", "same-origin".to_owned()), cookie[0].clone()], Some(("text/plain", vec![])));
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(service.ask("GET", "/style.css", &[], None).headers["content-type"], "text/css; charset=utf-8");
}

/// Where the page is narrow each value has its column's name beside it: nothing is out of sight.
#[test]
fn each_value_of_a_certificate_says_which_it_is() {
    let service = Service::start();
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "held.example.com");
    let hold = serde_json::json!({"crlReason": "certificateHold"});
    service.put(&format!("/certificates/{}/revoke", certificate["id"]), &service.admin, &hold).done();
    let signed = sign_in(&service, PASSWORD, "same-origin");
    let cookie = [("cookie", signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned())];
    let list = service.ask("GET", "/certificates?name=held", &cookie, None);
    for column in ["For", "Issuer", "Owner", "Until", "State"] {
        assert!(list.text.contains(&format!("<th>{column}</th>")), "{}", list.text);
        assert_eq!(list.text.matches(&format!("data-column=\"{column}\"")).count(), 1, "{}", list.text);
    }
    assert!(list.text.contains(">on hold<") && !list.text.contains("revoked:"), "{}", list.text);
    let style = service.ask("GET", "/style.css", &[], None).text;
    assert!(style.contains("@media (max-width: 64rem)") && style.contains("attr(data-column)"));
}

#[test]
fn a_page_says_what_is_so() {
    let service = Service::start();
    service.authority("Root");
    service.certificate(&service.admin, "Root", "www.example.com");
    let own = menagerie_tests::keys::openssl(
        ["req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=brought.example.com"],
        b"",
    );
    let upload = serde_json::json!({"owner": "team@example.com", "body": own.success().text()});
    service.post("/certificates/upload", &service.admin, &upload).done();
    let wrong = sign_in(&service, "wrong", "same-origin");
    assert!(wrong.text.contains("value=\"admin\""), "the name is typed once: {}", wrong.text);
    let signed = sign_in(&service, PASSWORD, "same-origin");
    let cookie = [("cookie", signed.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned())];
    let brought = service.ask("GET", "/certificates?name=brought", &cookie, None).text;
    assert!(brought.contains("not known") && !brought.contains("badge holds"), "nobody here answers for it: {brought}");
    let behind = service.ask("GET", "/certificates?page=99999", &cookie, None).text;
    assert!(behind.contains("href=\"/certificates?page=1&amp;name=\"") && !behind.contains("Nothing found"), "{behind}");
    for path in ["/favicon.ico", "/icon.svg"] {
        let icon = service.ask("GET", path, &[], None);
        assert_eq!((icon.status, icon.headers["content-type"].to_str().unwrap()), (200, "image/svg+xml"), "{path}");
    }
    assert!(behind.contains("rel=\"icon\""), "{behind}");
}
