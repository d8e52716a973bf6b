use super::*;

fn judged(name: &str, value: &str, kind: Kind) -> u8 {
    let quote = if kind == Kind::Settings { Quote::Bare } else { Quote::Quoted { mark: b'"', escaped: false } };
    let context = Context { kind, fixture: false, quote, operator: Operator::Assigns, spaced: true, documents: false };
    let meaning = meaning(name.as_bytes()).expect("the name is of a credential");
    probability(meaning, name.as_bytes(), value.as_bytes(), &context).map_or(0, |(probability, _)| probability)
}

#[test]
fn credentials_are_told() {
    for (name, value) in [
        ("password", "hunter2"),
        ("password", "!Tr0ub4dor9x"),
        ("db_password", "Tr0ub4dor&3"),
        ("DB_PASS", "x7Kp!29qLm"),
        ("client_secret", "8Kq2vZt1LpW0xNfR3sYb"),
        ("api_key", "f3a9c1e7b2d84650a1c3e5f7"),
        ("secretKey", "wJ4lrXUtnF/EMI7K+MDENGbPxRfi"),
        ("auth_token", "a81hd92kslq0s8d7f6g5"),
    ] {
        assert!(judged(name, value, Kind::Source) >= 50, "{name} = {value}: {}", judged(name, value, Kind::Source));
    }
    assert!(judged("password", "hunter2", Kind::Settings) >= 50);
}

#[test]
fn other_things_are_told() {
    for (name, value) in [
        ("password", "password"),
        ("password", "Kennwort"),
        ("password", "wachtwoord"),
        ("password", "${DB_PASSWORD}"),
        ("password", "<password>"),
        ("password", "your password here"),
        ("token", "refresh_token"),
        ("secret", "my-secret-name"),
        ("key", "identifier"),
        ("api_key", "YOUR_API_KEY"),
        ("token", "com.example.auth.Token"),
        ("password", "Enter your password"),
        ("secret", "/etc/secrets/key.pem"),
        ("key", "9f86d081884c7d659a2feaa0c55ad015"),
        ("password", "process.env.PASSWORD"),
        ("password", "!vault"),
    ] {
        assert!(judged(name, value, Kind::Source) < 50, "{name} = {value}: {}", judged(name, value, Kind::Source));
    }
}

#[test]
fn a_password_within_a_quoted_value_is_told() {
    use crate::scan::{Engine, Scratch, Text};
    let engine = Engine::new(crate::rules::built_in());
    let mut found = Vec::new();
    let text = b"credentials = \"login=bob;password=Tr0ub4dor9x\"\n";
    let _ = engine.scan(&mut Scratch::default(), &Text::whole(text, "app.py"), &mut found);
    assert!(found.iter().any(|found| found.secret.expose() == b"Tr0ub4dor9x" && found.confidence >= 50), "{found:?}");
}

#[test]
fn many_credentials_of_a_service_in_a_program_are_examples() {
    let doubted = |values: &[&str]| {
        let mut told: Vec<(u8, Vec<Reason>)> = values.iter().map(|_| (92, Vec::new())).collect();
        doubt_examples(values.iter().zip(&mut told).map(|(value, (confidence, reasons))| (7, value.as_bytes(), confidence, reasons)));
        told.iter().filter(|(confidence, reasons)| *confidence < 50 && reasons.len() == 1).count()
    };
    let values = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    assert_eq!((doubted(&values), doubted(&values[..8])), (9, 0));
    // The same one many times is one.
    assert_eq!(doubted(&["a"; 20]), 0);
}
