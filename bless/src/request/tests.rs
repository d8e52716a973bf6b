use serde_json::{Value, json};

use super::*;

const RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ";

fn ed25519() -> String {
    // RFC 8032, test 1.
    let point = hex::decode("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a").expect("hex");
    let mut blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
    blob.extend_from_slice(&point);
    format!("ssh-ed25519 {} alice@laptop", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, blob))
}

fn event() -> Value {
    json!({
        "bastion_ips": "10.0.0.1", "bastion_user": "alice", "bastion_user_ip": "192.0.2.7", "command": "ssh db1",
        "public_key_to_sign": ed25519(), "remote_usernames": "alice,deploy",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut event = event();
    event[field] = value;
    event
}

fn parse(event: &Value) -> Result<UserRequest, String> {
    UserRequest::parse(event, &UserRules::default()).map_err(|error| error.to_string())
}

fn refusal(event: &Value) -> String {
    parse(event).err().expect("a refusal")
}

#[test]
fn a_request_of_bless() {
    let request = parse(&event()).expect("a request");
    assert_eq!(request.remote_usernames, ["alice", "deploy"]);
    assert_eq!(request.bastion_ips.as_str(), "10.0.0.1");
    assert!(request.kmsauth_token.is_none());
    assert!(parse(&with("command", json!(""))).is_ok());
    assert!(parse(&with("kmsauth_token", json!("dG9rZW4="))).expect("a request").kmsauth_token.is_some());
}

/// The answers of marshmallow 2.21 on BLESS's schema, word for word.
#[test]
fn messages_are_those_of_bless() {
    assert_eq!(refusal(&json!([])), "{'_schema': ['Invalid input type.']}");
    assert_eq!(refusal(&with("command", Value::Null)), "{'command': ['Field may not be null.']}");
    assert_eq!(refusal(&with("command", json!(5))), "{'command': ['Not a valid string.']}");
    assert_eq!(refusal(&with("command", json!({}))), "{'command': ['Not a valid string.']}");
    assert_eq!(refusal(&with("foo", json!(1))), "{'foo': ['Unknown field']}");
    assert_eq!(refusal(&with("it's", json!(1))), "{\"it's\": ['Unknown field']}");
    assert_eq!(refusal(&with("bastion_ips", json!(""))), "{'bastion_ips': ['Invalid IP address.']}");
    assert_eq!(refusal(&with("bastion_ips", json!("1.2.3.4, 2.3.4.5"))), "{'bastion_ips': ['Invalid IP address.']}");
    assert_eq!(refusal(&with("bastion_ips", json!("10.0.0.1/8"))), "{'bastion_ips': ['Invalid IP address.']}");
    assert_eq!(refusal(&with("bastion_user", json!("~@ü"))), "{'bastion_user': ['Username contains invalid characters.']}");
    assert_eq!(refusal(&with("bastion_user", json!("a".repeat(33)))), "{'bastion_user': ['Username is too long.']}");
    assert_eq!(refusal(&with("remote_usernames", json!("~~,a b"))), "{'remote_usernames': ['Principal contains invalid characters.']}");
    assert_eq!(refusal(&with("public_key_to_sign", json!("bogus"))), "{'public_key_to_sign': ['Invalid SSH Public Key.']}");
    assert_eq!(refusal(&with("kmsauth_token", Value::Null)), "{'kmsauth_token': ['Field may not be null.']}");
    let all = refusal(&json!({"bastion_ips": "x", "foo": 1}));
    for part in [
        "'bastion_ips': ['Invalid IP address.']",
        "'command': ['Missing data for required field.']",
        "'bastion_user_ip': ['Missing data for required field.']",
        "'bastion_user': ['Missing data for required field.']",
        "'remote_usernames': ['Missing data for required field.']",
        "'public_key_to_sign': ['Missing data for required field.']",
        "'foo': ['Unknown field']",
    ] {
        assert!(all.contains(part), "{all}");
    }
}

#[test]
fn host_requests() {
    let rules = HostRules::default();
    let event = json!({"hostnames": "db1,db2.example.com,10.0.0.1,::1", "public_key_to_sign": ed25519()});
    assert_eq!(HostRequest::parse(&event, rules).expect("a request").hostnames.len(), 4);
    let refused = |hostnames: &str| {
        let event = json!({"hostnames": hostnames, "public_key_to_sign": ed25519()});
        HostRequest::parse(&event, rules).err().expect("a refusal").to_string()
    };
    assert_eq!(refused("a_b"), "{'hostnames': ['Invalid hostname \"ssh://a_b\".']}");
    assert_eq!(refused(""), "{'hostnames': ['Invalid hostname \"ssh://\".']}");
    assert_eq!(refused("a,"), "{'hostnames': ['Invalid hostname \"ssh://\".']}");
    assert_eq!(refused("a.b.c"), "{'hostnames': ['Invalid hostname \"ssh://a.b.c\".']}");
}

/// Hole of BLESS: host names with user, port or path are certified.
#[test]
fn host_names_with_user_port_or_path_are_refused() {
    for name in ["root@db1", "db1:22", "db1/x", "db1?x", "[::1]", "-db1", "*.example.com"] {
        assert!(check_hostname(name, HostnameRule::Url).is_err(), "{name}");
    }
    for name in ["root@db1", "db1:22", "db1/x", "!db1"] {
        assert!(check_hostname(name, HostnameRule::Disabled).is_err(), "{name}");
    }
}

/// Hole of BLESS: netmask forms, which sshd cannot parse.
#[test]
fn netmasks_are_refused() {
    for text in ["10.0.0.0/255.0.0.0", "10.0.0.0/0.255.255.255", "fe80::1%eth0", "::ffff:10.0.0.1", "010.0.0.1", "10.0.0.0/33"] {
        assert_eq!(refusal(&with("bastion_ips", json!(text))), "{'bastion_ips': ['Invalid IP address.']}", "{text}");
    }
}

/// Hole of BLESS: networks that cover everything, whole, in halves or in smaller pieces.
#[test]
fn networks_that_cover_the_internet_are_refused_unless_allowed() {
    let eighths: Vec<String> = (0..16).map(|i| format!("{}.0.0.0/8", i * 16)).collect();
    for text in ["0.0.0.0/0", "::/0", "0.0.0.0/1,128.0.0.0/1", "::/1,8000::/1", &eighths.join(",")] {
        assert!(refusal(&with("bastion_ips", json!(text))).contains("covers too many addresses"), "{text}");
        let open = UserRules { addresses: AddressPolicy::any(), ..UserRules::default() };
        assert!(UserRequest::parse(&with("bastion_ips", json!(text)), &open).is_ok(), "{text}");
    }
    let wide =
        UserRules { addresses: AddressPolicy { shortest_v4: 1, shortest_v6: 1, ..AddressPolicy::default() }, ..UserRules::default() };
    for text in ["0.0.0.0/1,128.0.0.0/1", "::/1,8000::/1", "0.0.0.0/2,64.0.0.0/2,128.0.0.0/2,192.0.0.0/2"] {
        assert!(UserRequest::parse(&with("bastion_ips", json!(text)), &wide).is_err(), "{text}");
    }
    assert!(parse(&with("bastion_ips", json!("10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/16"))).is_ok());
}

#[test]
fn networks_outside_of_the_configured_ones_are_refused() {
    let within = vec!["10.0.0.0/8".parse().expect("a network")];
    let rules = UserRules { addresses: AddressPolicy { within, ..AddressPolicy::default() }, ..UserRules::default() };
    assert!(UserRequest::parse(&event(), &rules).is_ok());
    let refused = UserRequest::parse(&with("bastion_ips", json!("11.0.0.1")), &rules).err().expect("a refusal").to_string();
    assert!(refused.contains("11.0.0.1/32 is outside"), "{refused}");
}

/// Hole of BLESS: an empty principal list, valid for every account (the class of CVE-2024-7594).
#[test]
fn empty_principals_are_refused() {
    let rules = UserRules { remote_usernames: UsernameRules { rule: UsernameRule::Disabled, blacklist: None }, ..UserRules::default() };
    for text in ["", "a,,b", "a,"] {
        let refused = UserRequest::parse(&with("remote_usernames", json!(text)), &rules).err().expect("a refusal").to_string();
        assert!(refused.contains("empty principal"), "{refused}");
    }
}

/// Holes of BLESS: principals that are patterns or that a program takes for an option.
#[test]
fn principals_that_are_patterns_or_options_are_refused() {
    for text in ["*", "ro*t", "roo?", "-oProxyCommand=x", "a b", "a\nb", "a\u{7f}"] {
        for rule in [UsernameRule::Principal, UsernameRule::Disabled] {
            let rules = UserRules { remote_usernames: UsernameRules { rule, blacklist: None }, ..UserRules::default() };
            assert!(UserRequest::parse(&with("remote_usernames", json!(text)), &rules).is_err(), "{text:?}");
        }
    }
}

/// Hole of BLESS: 300 principals are signed, of which OpenSSH reads 256.
#[test]
fn more_than_256_principals_are_refused() {
    let names = |count: usize| (0..count).map(|i| format!("p{i}")).collect::<Vec<_>>().join(",");
    assert!(parse(&with("remote_usernames", json!(names(256)))).is_ok());
    assert!(refusal(&with("remote_usernames", json!(names(257)))).contains("More than 256 principals"));
}

/// BLESS raised; here it is an answer.
#[test]
fn a_duplicate_principal_is_a_clean_refusal() {
    assert!(refusal(&with("remote_usernames", json!("a,b,a"))).contains("is there twice"));
}

/// Hole of BLESS: a newline in the key's comment reaches the answer.
#[test]
fn a_newline_in_the_comment_is_refused() {
    let key = ed25519();
    let refused = refusal(&with("public_key_to_sign", json!(format!("{key}\nssh-rsa AAAA"))));
    assert!(refused.contains("line break"), "{refused}");
}

#[test]
fn keys_that_are_refused_say_why() {
    let refused = |key: &str| refusal(&with("public_key_to_sign", json!(key)));
    assert!(refused("ssh-dss AAAAB3NzaC1kc3MAAACB").contains("DSA"));
    assert!(refused("ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5").contains("certificate"));
    assert!(refused(RSA).starts_with("{'public_key_to_sign': ["));
    // Hole of BLESS: an Ed25519 key with an empty point is signed.
    assert!(refused("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==").contains("point"));
}

#[test]
fn names_by_rule() {
    let check = |rule: UsernameRule, name: &str| rule.check(name).is_ok();
    for name in ["alice", "_svc", "a-b_c9", "machine$"] {
        assert!(check(UsernameRule::Useradd, name), "{name}");
    }
    for name in ["", "Alice", "9a", "a.b", "a$b", "$", "a\n"] {
        assert!(!check(UsernameRule::Useradd, name), "{name}");
    }
    for name in ["alice", "A.b/c", "ü", "9"] {
        assert!(check(UsernameRule::Debian, name), "{name}");
    }
    for name in ["", "-a", "+a", "~a", "a:b", "a,b", "a b"] {
        assert!(!check(UsernameRule::Debian, name), "{name}");
    }
    for name in ["user@example.com", "a@localhost", "user+x@example.co.uk", "a@[1.2.3.4]", "\"q\"@example.com", "ü@example.com"] {
        assert!(check(UsernameRule::Email, name), "{name}");
    }
    for name in ["user", "@example.com", "user@invalid", "a.@b.com", "a@b.com\n"] {
        assert!(!check(UsernameRule::Email, name), "{name}");
    }
}

#[test]
fn the_blacklist_comes_first_and_is_anchored() {
    let blacklist = UsernameRules::compile_blacklist("root|admin.*|(?!ok)x").expect("an expression");
    let rules = UsernameRules { rule: UsernameRule::Principal, blacklist: Some(blacklist) };
    for name in ["root", "rooter", "administrator", "x1"] {
        assert_eq!(rules.check(name), Err(UsernameError::Characters), "{name}");
    }
    for name in ["aroot", "alice"] {
        assert_eq!(rules.check(name), Ok(()), "{name}");
    }
    assert!(UsernameRules::compile_blacklist("(").is_err());
}

#[test]
fn the_fields_tell_the_handler() {
    assert_eq!(kind_of(&json!({"hostnames": "a"})), Kind::Host);
    assert_eq!(kind_of(&event()), Kind::User);
    assert_eq!(kind_of(&json!([])), Kind::User);
}
