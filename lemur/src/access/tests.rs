//! Users, roles, tokens and second factors on SQLite, with a clock of the test's own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod outside;

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use menagerie_secret::RingFile;
use zeroize::Zeroizing;

use super::*;
use crate::audit::Via;

const START: i64 = 1_780_000_000;
const PASSWORD: &str = "correct horse battery";

struct World {
    access: Access,
    store: Store,
    ring: Ring,
    file: RingFile,
    now: Arc<AtomicI64>,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("lemur.db").to_str().unwrap()).await.unwrap();
        let file = RingFile::new(folder.path().join("ring"));
        let ring = Ring::open(file.clone()).unwrap();
        let now = Arc::new(AtomicI64::new(START));
        let access = open(&store, &ring, &now).await;
        access.bootstrap(Some(Password::chosen(PASSWORD.to_owned()).unwrap())).await.unwrap();
        Self { access, store, ring, file, now, _folder: folder }
    }

    fn wait(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    async fn login(&self, username: &str, password: &str, code: Option<&str>, from: &str) -> Result<Session, LoginError> {
        let from: IpAddr = from.parse().unwrap();
        let password = Zeroizing::new(password.to_owned());
        self.access.login(Login { username, password, code, from, via: Via::Rest, request: None }).await
    }

    async fn admin(&self) -> String {
        self.login("admin", PASSWORD, None, "192.0.2.9").await.unwrap().token
    }

    async fn user(&self, name: &str, roles: &[RoleId]) -> User {
        let user = NewUser {
            username: Username::parse(name).unwrap(),
            email: Email::parse(&format!("{name}@example.com")).unwrap(),
            password: Some(Password::chosen(PASSWORD.to_owned()).unwrap()),
            active: true,
            roles: roles.to_vec(),
        };
        self.access.create_user(user, &actor()).await.unwrap()
    }

    async fn role(&self, name: &str) -> RoleId {
        self.access.role_for(&RoleName::parse(name).unwrap(), "", &actor()).await.unwrap().id
    }
}

fn actor() -> Actor {
    Actor::cli("tests")
}

async fn open(store: &Store, ring: &Ring, now: &Arc<AtomicI64>) -> Access {
    let now = Arc::clone(now);
    let clock = Clock::new(move || Timestamp::from_second(now.load(Ordering::SeqCst)).unwrap());
    Access::open(store.clone(), ring.clone(), clock, Settings::default()).await.unwrap()
}

#[tokio::test]
async fn the_first_start_makes_an_administrator_once() {
    let world = World::new().await;
    let requester = world.access.requester(&world.admin().await).await.unwrap();
    let person = requester.person().unwrap();
    assert_eq!((person.username(), person.standing()), ("admin", Standing::Administrator));
    assert!(matches!(world.access.bootstrap(None).await.unwrap(), Bootstrap::Nothing));
    let names: Vec<_> = world.access.roles(Window::ALL).await.unwrap().items.into_iter().map(|role| role.name).collect();
    assert_eq!(names, [ADMIN, OPERATOR, READ_ONLY]);
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let world = World::new().await;
    let token = world.admin().await;
    world.wait(24 * 60 * 60 - 1);
    world.access.requester(&token).await.unwrap();
    world.wait(1);
    assert!(matches!(world.access.requester(&token).await, Err(TokenError::Expired)));
}

/// A 2026 advisory of Lemur: the algorithm was taken from the token.
#[tokio::test]
async fn a_tokens_algorithm_is_not_the_tokens_choice() {
    let world = World::new().await;
    let token = world.admin().await;
    let kid = jsonwebtoken::decode_header(&token).unwrap().kid;
    assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, Algorithm::HS256);
    let [_, claims, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
    let kid_text = kid.clone().unwrap();
    for alg in ["none", "None", "HS512", "RS256", "ES256"] {
        let header = encode(&format!(r#"{{"typ":"JWT","alg":"{alg}","kid":"{kid_text}"}}"#));
        for signature in ["", signature] {
            let forged = format!("{header}.{claims}.{signature}");
            assert!(matches!(world.access.requester(&forged).await, Err(TokenError::Foreign)), "{alg}");
        }
    }
    // Signed by the right key with another algorithm, and by another key with the right one.
    let sealed = world.store.read().await.unwrap().one("SELECT id, sealed FROM access_token_keys", &[]).await.unwrap();
    let key = world.ring.open_sealed(&sealed.bytes("sealed").unwrap(), &format!("lemur token key {kid_text}")).unwrap();
    let claims = serde_json::json!({"iat": START, "exp": START + 100, "sub": "1", "gen": 0});
    for (algorithm, key, fine) in
        [(Algorithm::HS256, key.as_slice(), true), (Algorithm::HS384, key.as_slice(), false), (Algorithm::HS256, &[0_u8; 32], false)]
    {
        let header = Header { kid: kid.clone(), ..Header::new(algorithm) };
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(key)).unwrap();
        assert_eq!(world.access.requester(&token).await.is_ok(), fine, "{algorithm:?}");
    }
}

#[tokio::test]
async fn what_is_no_token_lets_nobody_in() {
    let world = World::new().await;
    let good = world.admin().await;
    for token in ["", ".", "..", "a.b.c", "{}", &"x".repeat(100_000), &good[..good.len() - 2], &format!("{good}A"), &good.replace('.', "")]
    {
        assert!(matches!(world.access.requester(token).await, Err(TokenError::Foreign)), "{:.80}", token);
    }
}

#[tokio::test]
async fn tries_are_limited_to_ten_in_five_minutes() {
    let world = World::new().await;
    for _ in 0..10 {
        assert!(matches!(world.login("admin", "wrong", None, "192.0.2.1").await, Err(LoginError::Refused)));
    }
    let Err(LoginError::TooMany(wait)) = world.login("admin", PASSWORD, None, "192.0.2.1").await else { panic!("let in") };
    assert!((1..=300).contains(&wait.as_secs()));
    world.login("admin", PASSWORD, None, "192.0.2.2").await.unwrap();
    world.wait(300);
    world.login("admin", PASSWORD, None, "192.0.2.1").await.unwrap();
    // Who signs in rightly uses no tries up.
    for _ in 0..15 {
        world.login("admin", PASSWORD, None, "192.0.2.1").await.unwrap();
    }
}

#[tokio::test]
async fn tries_at_the_same_time_are_counted() {
    let world = World::new().await;
    let tries = (0..25).map(|_| world.login("admin", "wrong", None, "192.0.2.1"));
    let refused =
        futures_util::future::join_all(tries).await.into_iter().filter(|outcome| matches!(outcome, Err(LoginError::Refused))).count();
    assert_eq!(refused, 10);
}

#[tokio::test]
async fn nobody_is_shut_out_by_tries_from_elsewhere() {
    let world = World::new().await;
    for host in 0..9 {
        for _ in 0..10 {
            let _ = world.login("admin", "wrong", None, &format!("192.0.2.{}", 100 + host)).await;
        }
    }
    world.login("admin", PASSWORD, None, "192.0.2.1").await.unwrap();
    for host in 0..3 {
        for _ in 0..10 {
            let _ = world.login("ADMIN", "wrong", None, &format!("198.51.100.{host}")).await;
        }
    }
    assert!(matches!(world.login("admin", PASSWORD, None, "203.0.113.1").await, Err(LoginError::TooMany(_))), "but not without end");
}

/// A name that an LDAP filter or SQL would take for more than a name is simply unknown, and cannot be given.
#[tokio::test]
async fn a_name_is_never_a_filter() {
    let world = World::new().await;
    for (number, name) in ["*", "admin)(&", "*)(uid=*))(|(uid=*", "admin' OR '1'='1", "admin\0", "%", "ad_in"].iter().enumerate() {
        assert!(Username::parse(name).is_err() || *name == "ad_in", "{name}");
        let from = format!("192.0.2.{number}");
        assert!(matches!(world.login(name, PASSWORD, None, &from).await, Err(LoginError::Refused)), "{name}");
    }
    for (named, found) in [("%", 0), ("_", 0), ("dmi", 1), ("ADMIN", 1), ("\\", 0)] {
        let window = Window { named: Some(named), ..Window::ALL };
        assert_eq!(world.access.users(window).await.unwrap().total, found, "{named}");
    }
}

/// A 2026 advisory of Lemur: a password was stored in clear when a user was changed.
#[tokio::test]
async fn a_changed_password_is_stored_as_a_hash_and_voids_tokens() {
    let world = World::new().await;
    let user = world.user("ann", &[]).await;
    let before = world.login("ann", PASSWORD, None, "192.0.2.1").await.unwrap().token;
    let new = "another horse battery";
    let change = UserChange { password: Some(Password::chosen(new.to_owned()).unwrap()), ..UserChange::default() };
    world.access.change_user(user.id, change, &actor()).await.unwrap();
    let row = world.store.read().await.unwrap().one("SELECT password FROM access_users WHERE id = $1", &[user.id.0.into()]).await.unwrap();
    let stored = row.text("password").unwrap();
    assert!(stored.starts_with("$argon2id$") && !stored.contains("horse"));
    assert!(matches!(world.access.requester(&before).await, Err(TokenError::User)));
    assert!(matches!(world.login("ann", PASSWORD, None, "192.0.2.1").await, Err(LoginError::Refused)));
    world.login("ann", new, None, "192.0.2.1").await.unwrap();
}

#[tokio::test]
async fn who_is_deactivated_is_out_at_once() {
    let world = World::new().await;
    let user = world.user("ann", &[]).await;
    let token = world.login("ann", PASSWORD, None, "192.0.2.1").await.unwrap().token;
    let (_, key) = world.access.create_api_key(&key_of(user.id, Lifetime::Forever, None), &actor()).await.unwrap();
    let active = |active| UserChange { active: Some(active), ..UserChange::default() };
    world.access.change_user(user.id, active(false), &actor()).await.unwrap();
    for token in [&token, &key] {
        assert!(matches!(world.access.requester(token).await, Err(TokenError::User)));
    }
    assert!(matches!(world.login("ann", PASSWORD, None, "192.0.2.1").await, Err(LoginError::Refused)));
    world.access.change_user(user.id, active(true), &actor()).await.unwrap();
    assert!(matches!(world.access.requester(&token).await, Err(TokenError::User)), "what was void stays void");
}

fn key_of(holder: UserId, lifetime: Lifetime, roles: Option<Vec<RoleId>>) -> NewApiKey {
    NewApiKey { name: "deploy".to_owned(), description: String::new(), holder, lifetime, roles }
}

#[tokio::test]
async fn an_api_key_lasts_its_days_or_until_it_is_revoked() {
    let world = World::new().await;
    let user = world.user("ann", &[]).await;
    let (key, token) = world.access.create_api_key(&key_of(user.id, Lifetime::Days(2), None), &actor()).await.unwrap();
    assert_eq!(world.access.requester(&token).await.unwrap().api_key(), Some(key.id));
    world.wait(2 * 24 * 60 * 60);
    assert!(matches!(world.access.requester(&token).await, Err(TokenError::Expired)));
    let (key, token) = world.access.create_api_key(&key_of(user.id, Lifetime::Forever, None), &actor()).await.unwrap();
    world.wait(10_000 * 24 * 60 * 60);
    world.access.requester(&token).await.unwrap();
    world.access.change_api_key(key.id, &ApiKeyChange { revoke: true, ..ApiKeyChange::default() }, &actor()).await.unwrap();
    assert!(matches!(world.access.requester(&token).await, Err(TokenError::ApiKey)));
    let renamed = ApiKeyChange { name: Some("x".to_owned()), ..ApiKeyChange::default() };
    assert!(world.access.change_api_key(key.id, &renamed, &actor()).await.unwrap().revoked, "revoking is not undone");
    let (key, token) = world.access.create_api_key(&key_of(user.id, Lifetime::Forever, None), &actor()).await.unwrap();
    world.access.delete_api_key(key.id, &actor()).await.unwrap();
    assert!(matches!(world.access.requester(&token).await, Err(TokenError::ApiKey)));
}

#[tokio::test]
async fn an_api_key_is_narrowed_to_roles_that_its_user_has_now() {
    let world = World::new().await;
    let (deploy, other) = (world.role("deploy").await, world.role("other").await);
    let user = world.user("ann", &[deploy, other]).await;
    let (_, token) = world.access.create_api_key(&key_of(user.id, Lifetime::Forever, Some(vec![deploy])), &actor()).await.unwrap();
    let requester = world.access.requester(&token).await.unwrap();
    let requester = requester.person().unwrap();
    assert_eq!(requester.roles().iter().map(|role| role.name.as_str()).collect::<Vec<_>>(), ["deploy"]);
    assert!(!requester.is("ann@example.com") && !requester.is_user(user.id));
    world.access.change_user(user.id, UserChange { roles: Some(vec![other]), ..UserChange::default() }, &actor()).await.unwrap();
    assert!(world.access.requester(&token).await.unwrap().person().unwrap().roles().is_empty());
    let not_hers = world.role("not-hers").await;
    let refused = world.access.create_api_key(&key_of(user.id, Lifetime::Forever, Some(vec![not_hers])), &actor()).await;
    assert!(matches!(refused, Err(AccessError::Missing(Subject::Role))));
    world.access.delete_role(other, &actor()).await.unwrap();
    let (_, token) = world.access.create_api_key(&key_of(user.id, Lifetime::Forever, Some(vec![])), &actor()).await.unwrap();
    assert!(world.access.requester(&token).await.unwrap().person().unwrap().roles().is_empty(), "narrowed to none is none, and not all");
}

fn code_at(secret: &str, second: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_algorithm(totp_rs::Algorithm::SHA1).with_secret(secret).build_noncompliant();
    totp.generate(u64::try_from(second).unwrap()).to_string()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_a_code_counts_once() {
    let world = World::new().await;
    let user = world.user("ann", &[]).await;
    let enrolment = world.access.enrol_second_factor(user.id).await.unwrap();
    assert!(enrolment.uri.starts_with("otpauth://totp/lemur:ann?secret="));
    world.login("ann", PASSWORD, None, "192.0.2.1").await.unwrap();
    assert!(world.access.confirm_second_factor(user.id, "000000", &actor()).await.is_err());
    world.access.confirm_second_factor(user.id, &code_at(&enrolment.secret, START), &actor()).await.unwrap();
    let login = async |code: Option<&str>| world.login("ann", PASSWORD, code, "192.0.2.1").await;
    assert!(matches!(login(None).await, Err(LoginError::CodeWanted)));
    assert!(matches!(world.login("ann", "wrong password", None, "192.0.2.1").await, Err(LoginError::Refused)), "the password comes first");
    assert!(matches!(login(Some(&code_at(&enrolment.secret, START))).await, Err(LoginError::Refused)), "used to confirm");
    world.wait(60);
    let code = code_at(&enrolment.secret, START + 60);
    login(Some(&code)).await.unwrap();
    assert!(matches!(login(Some(&code)).await, Err(LoginError::Refused)), "used to sign in");
    world.wait(60);
    assert!(matches!(login(Some("abcdef")).await, Err(LoginError::Refused)));
    assert!(matches!(world.access.enrol_second_factor(user.id).await, Err(AccessError::Taken { .. })));
    world.access.remove_second_factor(user.id, &actor()).await.unwrap();
    login(None).await.unwrap();
}

/// Whoever knows the password does not find the code by trying: ten tries an hour, from wherever they come.
#[tokio::test]
async fn codes_are_guessed_ten_times_an_hour() {
    let world = World::new().await;
    let user = world.user("ann", &[]).await;
    let enrolment = world.access.enrol_second_factor(user.id).await.unwrap();
    world.access.confirm_second_factor(user.id, &code_at(&enrolment.secret, START), &actor()).await.unwrap();
    let login = async |code: &str, number: usize| world.login("ann", PASSWORD, Some(code), &format!("192.0.2.{number}")).await;
    for number in 1..=10 {
        world.wait(310);
        assert!(matches!(login("abcdef", number).await, Err(LoginError::Refused)), "try {number}");
    }
    world.wait(60);
    let now = world.now.load(Ordering::SeqCst);
    let Err(LoginError::TooMany(wait)) = login(&code_at(&enrolment.secret, now), 11).await else { panic!("the eleventh is looked at") };
    assert!((700..=750).contains(&wait.as_secs()), "an hour from the first: {wait:?}");
    assert!(matches!(login("", 12).await, Err(LoginError::CodeWanted)), "no code is no try");
    let lines =
        world.store.read().await.unwrap().all("SELECT line FROM log_line WHERE line LIKE '%second_factor_refused%'", &[]).await.unwrap();
    assert_eq!(lines.len(), 10, "each is in the audit log");
    assert!(lines[0].text("line").unwrap().contains("192.0.2.1"));
    world.wait(i64::try_from(wait.as_secs()).unwrap());
    let now = world.now.load(Ordering::SeqCst);
    login(&code_at(&enrolment.secret, now), 13).await.unwrap();
}

/// A 2026 advisory of Lemur: members rewrote their own role. Here nobody renames a role to one of the service's, nor those away.
#[tokio::test]
async fn the_services_roles_stay_what_they_are() {
    let world = World::new().await;
    let admin = world.access.role_named("ADMIN").await.unwrap();
    let rename = |name: &str| RoleChange { name: Some(RoleName::parse(name).unwrap()), ..RoleChange::default() };
    assert!(matches!(world.access.change_role(admin.id, &rename("other"), &actor()).await, Err(AccessError::BuiltIn(_))));
    assert!(matches!(world.access.delete_role(admin.id, &actor()).await, Err(AccessError::BuiltIn(_))));
    let team = world.role("team").await;
    for name in ["admin", "Admin", "READ-ONLY"] {
        assert!(matches!(world.access.change_role(team, &rename(name), &actor()).await, Err(AccessError::Taken { .. })), "{name}");
    }
    let role = NewRole { name: RoleName::parse("Admin").unwrap(), description: String::new(), members: Vec::new() };
    assert!(matches!(world.access.create_role(&role, &actor()).await, Err(AccessError::Taken { .. })));
}

#[tokio::test]
async fn somebody_stays_an_administrator() {
    let world = World::new().await;
    let admin = world.access.user_named(&Username::parse("admin").unwrap()).await.unwrap();
    let role = world.access.role_named(ADMIN).await.unwrap();
    let read_only = world.access.role_named(READ_ONLY).await.unwrap();
    for change in [
        UserChange { active: Some(false), ..UserChange::default() },
        UserChange { roles: Some(Vec::new()), ..UserChange::default() },
        UserChange { roles: Some(vec![role.id, read_only.id]), ..UserChange::default() },
    ] {
        assert!(matches!(world.access.change_user(admin.id, change, &actor()).await, Err(AccessError::LastAdministrator)));
    }
    let none = RoleChange { members: Some(Vec::new()), ..RoleChange::default() };
    assert!(matches!(world.access.change_role(role.id, &none, &actor()).await, Err(AccessError::LastAdministrator)));
    world.user("ann", &[role.id]).await;
    world.access.change_user(admin.id, UserChange { active: Some(false), ..UserChange::default() }, &actor()).await.unwrap();
}

#[tokio::test]
async fn replicas_share_keys_and_keys_are_sealed_anew() {
    let world = World::new().await;
    let other = open(&world.store, &world.ring, &world.now).await;
    let token = world.admin().await;
    assert_eq!(other.requester(&token).await.unwrap().person().unwrap().username(), "admin");
    world.access.add_token_key(&actor()).await.unwrap();
    let newer = world.admin().await;
    assert_eq!(other.requester(&newer).await.unwrap().person().unwrap().username(), "admin", "learned from the database");
    let enrolment = world.access.enrol_second_factor(UserId(1)).await.unwrap();
    let before = world.ring.keys().ids();
    assert_eq!(world.access.sealed_under().await.unwrap(), before);
    let newest = world.ring.add_key().unwrap();
    world.access.reseal(&actor()).await.unwrap();
    assert_eq!(world.access.sealed_under().await.unwrap(), [newest.newest()]);
    world.file.lock().unwrap().replace(&newest.without(&before)).unwrap();
    let reopened = open(&world.store, &Ring::open(world.file.clone()).unwrap(), &world.now).await;
    for token in [&token, &newer] {
        reopened.requester(token).await.unwrap();
    }
    reopened.confirm_second_factor(UserId(1), &code_at(&enrolment.secret, START), &actor()).await.unwrap();
}

/// What changes who may do what is told by a line of the audit log, without secrets.
#[tokio::test]
async fn changes_of_rights_are_in_the_audit_log() {
    let world = World::new().await;
    let team = world.role("team").await;
    let user = world.user("ann", &[team]).await;
    world.access.create_api_key(&key_of(user.id, Lifetime::Forever, None), &actor()).await.unwrap();
    let change = UserChange { password: Some(Password::chosen("another horse battery".to_owned()).unwrap()), ..UserChange::default() };
    world.access.change_user(user.id, change, &actor()).await.unwrap();
    world.access.delete_role(team, &actor()).await.unwrap();
    let lines = world.store.read().await.unwrap().all("SELECT line FROM log_line ORDER BY id", &[]).await.unwrap();
    let lines: Vec<String> = lines.iter().map(|row| row.text("line").unwrap()).collect();
    let events: Vec<String> =
        lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned()).collect();
    assert_eq!(events, ["user_created", "role_created", "user_created", "api_key_created", "user_changed", "role_deleted"]);
    assert!(lines[2].contains(r#""roles":["team"]"#) && lines[4].contains(r#""password":true"#), "{lines:?}");
    for secret in ["horse", "argon2", "eyJ"] {
        assert!(!lines.iter().any(|line| line.contains(secret)), "{secret}");
    }
}

/// Sign-ins are told of, with where they came from; failures too, as far as there is an end to them, and never what was typed.
#[tokio::test]
async fn sign_ins_are_in_the_audit_log() {
    let world = World::new().await;
    let began = Instant::now();
    world.admin().await;
    assert!(world.login("admin", "wrong horse battery", None, "192.0.2.1").await.is_err());
    assert!(world.login("my-password-typed-here", PASSWORD, None, "192.0.2.1").await.is_err());
    for number in 0..100 {
        let from = format!("198.51.100.{number}");
        assert!(world.login(&format!("guess{number}"), "wrong horse battery", None, &from).await.is_err());
    }
    let rows = world.store.read().await.unwrap().all("SELECT line FROM log_line ORDER BY id", &[]).await.unwrap();
    let lines: Vec<Value> = rows.iter().map(|row| serde_json::from_str(&row.text("line").unwrap()).unwrap()).collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).collect::<Vec<_>>();
    let (signed_in, failed) = (of("signed_in"), of("sign_in_failed"));
    assert_eq!(signed_in[0]["actor"], json!({"name": "admin", "user": 1, "via": "rest", "address": "192.0.2.9"}));
    assert_eq!(failed[0]["actor"]["name"], "admin");
    assert_eq!((&failed[1]["actor"]["name"], &failed[1]["reason"]), (&json!("nobody"), &json!("refused")));
    let most = 60 + usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert!((60..=most.min(101)).contains(&failed.len()), "a minute's, of a hundred and two: {}", failed.len());
    assert!(rows.iter().all(|row| !row.text("line").unwrap().contains("typed-here")));
}

/// A clock that is set tells of no more failures than before, and of no fewer.
#[tokio::test]
async fn how_many_failures_are_told_of_is_no_matter_of_the_clock() {
    let world = World::new().await;
    let fail = async |from: &str| assert!(world.login("admin", "wrong horse battery", None, from).await.is_err());
    world.wait(24 * 60 * 60);
    fail("192.0.2.1").await;
    world.wait(-24 * 60 * 60);
    fail("192.0.2.2").await;
    let sql = "SELECT line FROM log_line WHERE line LIKE '%sign_in_failed%'";
    assert_eq!(world.store.read().await.unwrap().all(sql, &[]).await.unwrap().len(), 2);
}

/// What a replica knows of a requester it looks up again within a second, and at once what it changed itself.
#[tokio::test]
async fn another_replicas_change_is_seen_within_a_second() {
    let world = World::new().await;
    let other = open(&world.store, &world.ring, &world.now).await;
    let user = world.user("ann", &[]).await;
    let token = world.login("ann", PASSWORD, None, "192.0.2.1").await.unwrap().token;
    other.requester(&token).await.unwrap();
    world.access.requester(&token).await.unwrap();
    let change = UserChange { active: Some(false), ..UserChange::default() };
    world.access.change_user(user.id, change, &actor()).await.unwrap();
    assert!(world.access.requester(&token).await.is_err());
    world.wait(1);
    assert!(matches!(other.requester(&token).await, Err(TokenError::User)));
}
