//! Sessions and first administrators: who signs out is out everywhere, and a server has an administrator whatever was made before it.

use std::time::Duration;

use menagerie_tests::{Postgres, assert_eventually};
use serde_json::json;

use super::house::{House, Server, mode};

/// Signs in on the page; gives the cookie.
fn cookie(server: &Server, password: &str) -> String {
    let form = format!("username=admin&password={}", password.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
    let answer = server.form("/sign-in", &form, "");
    assert_eq!(answer.status, 303, "{}", String::from_utf8_lossy(&answer.bytes));
    answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn signing_out_ends_the_session_on_every_server() {
    let postgres = Postgres::start();
    let house = House::on(postgres.url());
    for name in ["one", "two"] {
        house.write(&format!("{name}/lemur.toml"), "key_file = \"../shared.key\"\nhttp_url = \"http://pki.corp.example\"\n");
    }
    let one = house.serve_in("one", &[]);
    let two = house.serve_in("two", &[]);
    let password = one.password();
    let page = |server: &Server, cookie: &str| server.fetch(&format!("{}/certificates", server.url), Some(("cookie", cookie))).status;

    // Two sessions of one user in one second are two.
    let (first, second) = (one.login("admin", &password), one.login("admin", &password));
    assert_ne!(first, second);
    two.get("/auth/me", &first).done();
    assert_eq!(two.post("/auth/logout", &first, &json!({})).done(), json!({"result": true}));
    two.get("/auth/me", &first).refused(403);
    assert_eventually!(within Duration::from_secs(3), one.get("/auth/me", &first).status == 403);
    one.get("/auth/me", &second).done();

    let session = cookie(&one, &password);
    assert_eq!((page(&one, &session), page(&two, &session)), (200, 200));
    assert_eq!(one.form("/sign-out", "", &session).status, 303);
    assert_eq!(page(&one, &session), 303, "a copy of the cookie lets nobody in");
    assert_eventually!(within Duration::from_secs(3), page(&two, &session) == 303);
    // A cookie that lets nobody in signs out as well.
    assert_eq!(one.form("/sign-out", "", &session).status, 303);

    let key = one.post("/keys", &second, &json!({"name": "ci"})).done()["jwt"].as_str().unwrap().to_owned();
    one.post("/auth/logout", &key, &json!({})).refused(403);
    one.get("/auth/me", &key).done();
    let log = one.get("/logs?count=100", &second).done();
    let ended = log["items"].as_array().unwrap().iter().filter(|line| line["action"] == "session_ended").count();
    assert_eq!(ended, 2);
}

#[test]
fn users_of_the_command_line_do_not_keep_the_first_administrator_from_being_made() {
    let house = House::new();
    house.write("password", "correct horse battery\n");
    house.done("authority create corp --common-name Corp");
    house.done("user add ann --email ann@corp.example --password-file password");
    let server = house.serve();
    assert!(server.said.text().contains("the password of the user admin is in"), "{}", server.said.text());
    assert_eq!(mode(&house.file("data/admin-password")), 0o600);
    let admin = server.login("admin", &server.password());
    let me = server.get("/auth/me", &admin).done();
    assert_eq!(me["roles"][0]["name"], "admin");
    server.stop();

    // Where somebody has that name, another is found; where somebody is an administrator, none is made.
    let house = House::new();
    house.write("password", "correct horse battery\n");
    house.done("authority create corp --common-name Corp");
    house.done("user add admin --email admin@localhost --password-file password");
    let server = house.serve();
    assert!(server.said.text().contains("the password of the user admin2 is in"), "{}", server.said.text());
    let admin = server.login("admin2", &server.password());
    server.post("/roles", &admin, &json!({"name": "x"})).done();
    let other = server.login("admin", "correct horse battery");
    server.post("/roles", &other, &json!({"name": "y"})).refused(403);
    server.stop();

    let house = House::new();
    house.write("password", "correct horse battery\n");
    house.done("authority create corp --common-name Corp");
    house.done("user add root --email root@corp.example --role admin --password-file password");
    let server = house.serve();
    assert!(!house.file("data/admin-password").exists());
    let root = server.login("root", "correct horse battery");
    assert_eq!(server.get("/users", &root).done()["total"], 1);
}
