//! BLESS's requests and what it says of bad ones: the same types and, as sets, the same texts, from `bless handle` and from the
//! Lambda function.

use menagerie_tests::LambdaService;
use menagerie_tests::keys::{SshKey, generate_ssh_key, public_line};
use serde_json::{Value, json};

use super::python::{Faults, faults, read};
use super::{Deployment, certificate};
use crate::authority::shown_by_openssh;
use crate::events::{SUBJECTS, fresh_key, host_event, user_event, with};

const MISSING: &str = "Missing data for required field.";
const ADDRESS: &str = "Invalid IP address.";
const KEY: &str = "Invalid SSH Public Key.";

fn without(event: &Value, field: &str) -> Value {
    let mut event = event.clone();
    let _ = event.as_object_mut().expect("an object").remove(field);
    event
}

/// Events with what BLESS says of them.
fn bad_user_events(good: &Value) -> Vec<(Value, Faults)> {
    let mut cases = Vec::new();
    let fields = ["bastion_ips", "bastion_user", "bastion_user_ip", "command", "public_key_to_sign", "remote_usernames"];
    let all: Vec<_> = fields.map(|field| (field, MISSING)).to_vec();
    cases.push((json!({}), faults(&all)));
    for field in fields {
        cases.push((without(good, field), faults(&[(field, MISSING)])));
        cases.push((with(good, field, Value::Null), faults(&[(field, "Field may not be null.")])));
        for value in [json!(5), json!(["x"]), json!({}), json!(true)] {
            cases.push((with(good, field, value), faults(&[(field, "Not a valid string.")])));
        }
    }
    for event in [json!([]), json!("text"), json!(5), Value::Null, json!(true)] {
        cases.push((event, faults(&[("_schema", "Invalid input type.")])));
    }
    cases.push((with(good, "extra", "x"), faults(&[("extra", "Unknown field")])));
    cases.push((with(good, "it's \"odd\"\n", "x"), faults(&[("it's \"odd\"\n", "Unknown field")])));
    for field in ["bastion_ips", "bastion_user_ip"] {
        for bad in [
            "",
            "x",
            "10.0.0.1, 10.0.0.2",
            "10.0.0.1,",
            ",",
            "10.0.0.256",
            "010.0.0.1",
            "10.0.0.1/8",
            "10.0.0.0/33",
            "10.0.0.0/255.0.0.0",
            "::g",
        ] {
            cases.push((with(good, field, bad), faults(&[(field, ADDRESS)])));
        }
    }
    let long = "a".repeat(33);
    for (bad, message) in [
        (long.as_str(), "Username is too long."),
        ("", "Username contains invalid characters."),
        ("Alice", "Username contains invalid characters."),
        ("1alice", "Username contains invalid characters."),
        ("alice~", "Username contains invalid characters."),
    ] {
        cases.push((with(good, "bastion_user", bad), faults(&[("bastion_user", message)])));
    }
    for bad in ["", "a b", "a,,b", "caf\u{e9}\u{0}"] {
        cases.push((with(good, "remote_usernames", bad), faults(&[("remote_usernames", "Principal contains invalid characters.")])));
    }
    for bad in ["", "bogus", "ssh-rsa bogus", "ssh-ed25519", " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "ssh-dss bogus"] {
        cases.push((with(good, "public_key_to_sign", bad), faults(&[("public_key_to_sign", KEY)])));
    }
    let several = with(&with(&with(good, "bastion_ips", "invalid"), "bastion_user", "invalid~"), "extra", 1);
    let several = without(&several, "command");
    let said = [
        ("bastion_ips", ADDRESS),
        ("bastion_user", "Username contains invalid characters."),
        ("extra", "Unknown field"),
        ("command", MISSING),
    ];
    cases.push((several, faults(&said)));
    cases
}

fn compare(cases: &[(Value, Faults)], answers: &[Value]) {
    let messages: Vec<_> = answers
        .iter()
        .zip(cases)
        .map(|(answer, (event, _))| {
            assert_eq!(answer["errorType"], "InputValidationError", "{event}: {answer}");
            answer["errorMessage"].as_str().expect("a text")
        })
        .collect();
    for ((event, wanted), said) in cases.iter().zip(read(&messages)) {
        assert_eq!(*wanted, said, "{event}");
    }
}

#[test]
fn bad_user_requests() {
    let deployment = Deployment::new("bad", "");
    let cases = bad_user_events(&user_event(&fresh_key(&deployment.namespace, "key")));
    let events: Vec<_> = cases.iter().map(|(event, _)| event.clone()).collect();
    compare(&cases, &deployment.handle_all("user", &events));
    let lambda = LambdaService::start([deployment.function("bless_lambda_user.lambda_handler_user")]);
    let answers: Vec<_> = events.iter().map(|event| deployment.invoke(&lambda, event)).collect();
    compare(&cases, &answers);
}

#[test]
fn bad_host_requests() {
    let deployment = Deployment::new("bad-host", "");
    let good = host_event(&fresh_key(&deployment.namespace, "key"), "db1.example.com");
    let mut cases = vec![
        (json!({}), faults(&[("hostnames", MISSING), ("public_key_to_sign", MISSING)])),
        (with(&good, "hostnames", 5), faults(&[("hostnames", "Not a valid string.")])),
        (with(&good, "bastion_user", "alice"), faults(&[("bastion_user", "Unknown field")])),
        (with(&good, "public_key_to_sign", "bogus"), faults(&[("public_key_to_sign", KEY)])),
        (json!([]), faults(&[("_schema", "Invalid input type.")])),
    ];
    // Hole of BLESS: names with user, port or path, which ssh would never match.
    for name in
        ["", "a b", "user@db1.example.com", "db1.example.com:22", "db1.example.com/x", "*.example.com", "-x.example.com", "ssh://db1"]
    {
        cases.push((with(&good, "hostnames", name), faults(&[("hostnames", &format!("Invalid hostname \"ssh://{name}\"."))])));
    }
    let events: Vec<_> = cases.iter().map(|(event, _)| event.clone()).collect();
    compare(&cases, &deployment.handle_all("host", &events));
}

#[test]
fn rules_of_the_configuration() {
    let deployment = Deployment::with_key("rules", super::Form::Pkcs1);
    let good = user_event(&fresh_key(&deployment.namespace, "key"));
    for (options, field, value, message) in [
        ("username_validation = email", "bastion_user", "alice", "Invalid email address."),
        ("username_validation = debian", "bastion_user", "-alice", "Username contains invalid characters."),
        ("username_validation = principal", "bastion_user", "a b", "Principal contains invalid characters."),
        ("remote_usernames_validation = useradd", "remote_usernames", "Alice", "Username contains invalid characters."),
        ("remote_usernames_blacklist = root|admin", "remote_usernames", "administrator", "Username contains invalid characters."),
    ] {
        deployment.configure(options, "ca_private_key_file = bless-ca.pem", "");
        let answer = deployment.handle(&["user"], &with(&good, field, value));
        compare(&[(with(&good, field, value), faults(&[(field, message)]))], std::slice::from_ref(&answer));
    }
    deployment.configure("username_validation = email", "ca_private_key_file = bless-ca.pem", "");
    let answer = deployment.handle(&["user"], &with(&good, "bastion_user", "alice@example.com"));
    let _ = certificate(&deployment.namespace, "certificate", &answer);
}

/// Every kind of request that gets a certificate: the fields, and what BLESS writes into it.
#[test]
fn good_requests() {
    let deployment = Deployment::new("good", "");
    let namespace = &deployment.namespace;
    for (name, key) in SUBJECTS.into_iter().chain([("rsa-2304", SshKey::Rsa(2304))]) {
        let line = public_line(&generate_ssh_key(namespace, name, key, ""));
        let mut event = user_event(&line);
        event["bastion_ips"] = "10.0.0.0/24,192.0.2.1,2001:db8::/64".into();
        event["remote_usernames"] = "ubuntu,root".into();
        event["command"] = "".into();
        event["kmsauth_token"] = "unused without kmsauth".into();
        let answer = deployment.handle(&["user", "--request-id", "1234"], &event);
        let issued = answer["certificate"].as_str().unwrap_or_else(|| panic!("{name}: {answer}"));
        assert!(issued.ends_with(&format!(" {name}")), "{answer}");
        let shown = shown_by_openssh(&certificate(namespace, "certificate", &answer));
        assert!(shown.contains("Principals: \n                ubuntu\n                root\n"), "{shown}");
        assert!(shown.contains("source-address 10.0.0.0/24,192.0.2.1,2001:db8::/64"), "{shown}");
        for extension in ["permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"] {
            assert!(shown.contains(extension), "{shown}");
        }
        assert!(shown.contains("Key ID: \"request[1234] for[alice] from[192.0.2.7] command[] ssh_key["), "{shown}");
        assert!(shown.contains("]  ca[local] valid_to["), "{shown}");
    }
    // Without a comment of its own, the key gets BLESS's.
    let bare = fresh_key(namespace, "bare").rsplit_once(' ').expect("a comment").0.to_owned();
    let answer = deployment.handle(&["user", "--request-id", "1234"], &user_event(&bare));
    let line = answer["certificate"].as_str().expect("a certificate");
    assert!(line.contains(" Certificate type[1] principals[alice] with the id[request[1234] for[alice]"), "{line}");
}

/// Holes of BLESS that ours closes, by the request that went through it.
#[test]
fn holes_are_closed() {
    let deployment = Deployment::new("holes", "");
    let key = fresh_key(&deployment.namespace, "key");
    let good = user_event(&key);
    let issued = deployment.handle(&["user"], &good);
    let certificate_line = issued["certificate"].as_str().expect("a certificate").to_owned();
    let many: Vec<_> = (0..300).map(|number| format!("user{number}")).collect();
    let own = deployment.public();
    let cases = [
        ("a certificate as the key", "public_key_to_sign", certificate_line.as_str()),
        ("the CA's own key", "public_key_to_sign", &own),
        ("an empty Ed25519 point", "public_key_to_sign", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA=="),
        ("a line break in the comment", "public_key_to_sign", &format!("{key}\nssh-ed25519 forged")),
        ("a DSA key", "public_key_to_sign", "ssh-dss AAAAB3NzaC1kc3MAAAABAQ== key"),
        ("300 principals", "remote_usernames", &many.join(",")),
        ("every address", "bastion_ips", "0.0.0.0/0"),
        ("every IPv6 address", "bastion_ips", "::/0"),
        ("a pair of halves", "bastion_ips", "0.0.0.0/1,128.0.0.0/1"),
        ("a netmask", "bastion_ips", "10.0.0.0/255.0.0.0"),
        ("a pattern", "remote_usernames", "*"),
        ("an option", "remote_usernames", "-oProxyCommand=x"),
        ("a principal twice", "remote_usernames", "alice,alice"),
    ];
    let events: Vec<_> = cases.iter().map(|(_, field, value)| with(&good, field, *value)).collect();
    for ((name, field, _), answer) in cases.iter().zip(deployment.handle_all("user", &events)) {
        assert_eq!(answer["errorType"], "InputValidationError", "{name}: {answer}");
        assert!(answer["errorMessage"].as_str().is_some_and(|message| message.contains(field)), "{name}: {answer}");
    }
    let forged = with(&good, "command", "x] valid_to[2999/01/01 00:00:00]\nAccepted");
    let shown = shown_by_openssh(&certificate(&deployment.namespace, "forged", &deployment.handle(&["user"], &forged)));
    assert!(shown.contains("command[x%5D valid_to[2999/01/01 00:00:00%5D%0AAccepted] ssh_key"), "{shown}");
}
