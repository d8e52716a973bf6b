//! What is taken from a file, and what is refused with its place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

fn read(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE_NAME), text).unwrap();
    Config::read(&Typed { data: folder.path().to_owned(), ..Typed::default() })
}

#[test]
fn nothing_written_is_a_working_default() {
    let folder = tempfile::tempdir().unwrap();
    let typed = Typed { data: folder.path().to_owned(), ..Typed::default() };
    let config = Config::read(&typed).unwrap();
    assert_eq!((config.url.as_str(), config.http_url), ("https://127.0.0.1:8443", None));
    assert!(config.database.ends_with("lemur.db") && config.acme.binding_required);
    assert!(Config::read(&Typed { config: Some(folder.path().join("none.toml")), ..typed }).is_err(), "a file that was named is there");
}

#[test]
fn the_template_is_understood_as_it_is_and_with_every_key() {
    read(TEMPLATE).unwrap();
    let mut every = String::new();
    for line in TEMPLATE.lines() {
        let key = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        // Of a key with two examples the second is left out.
        if !key.is_some_and(|key| key.starts_with("database = \"postgres")) {
            every.push_str(key.unwrap_or(line));
        }
        every.push('\n');
    }
    let config = read(&every).unwrap();
    assert_eq!(config.acme.offers[0].private_networks.len(), 1);
    assert_eq!(config.acme.name_servers[0].to_string(), "10.0.0.53:53");
    assert_eq!(config.http_url.as_deref(), Some("http://pki.corp.example"));
    let identity = &config.identity;
    assert_eq!((identity.providers.len(), identity.workloads.len()), (1, 4));
    assert_eq!(identity.client_authorities(), ["internal"]);
}

const PROVIDER: &str = "[oidc.a]\nissuer = \"https://idp.example\"\nclient_id = \"x\"\n";
const WORKLOAD: &str = "[workloads.a]\nowner = \"a@b.example\"\nauthority = \"ca\"\nnames = [\".b.example\"]\n";
const TOKEN: &str = "issuer = \"https://ci.example\"\naudience = \"lemur\"\n";

/// What would let in more than anyone means is no configuration.
#[test]
fn what_would_let_everybody_in_is_refused() {
    let right = format!("{WORKLOAD}{TOKEN}match = {{ repository = \"org/app\" }}");
    read(&right).unwrap();
    read(PROVIDER).unwrap();
    for (text, named) in [
        (format!("{WORKLOAD}{TOKEN}"), "workloads.a.match"),
        (format!("{WORKLOAD}{TOKEN}match = {{ repository = \"*\" }}"), "workloads.a.match"),
        (format!("{WORKLOAD}{TOKEN}match = {{ iss = \"https://ci.example\", aud = \"lemur\" }}"), "workloads.a.match"),
        (format!("{WORKLOAD}{TOKEN}match = {{ repository = \"\" }}"), "workloads.a.match.repository"),
        (format!("{WORKLOAD}issuer = \"https://ci.example\"\nmatch = {{ repository = \"org/app\" }}"), "workloads.a.audience"),
        (right.replace("https://ci", "http://ci"), "workloads.a.issuer"),
        (format!("{right}\njwks_url = \"http://ci.example/keys\""), "workloads.a.jwks_url"),
        (format!("{right}\njwks_url = \"https://x\"\njwks_file = \"x\""), "workloads.a.jwks_file"),
        (format!("{right}\ncertificate = {{ names = [\".b.example\"] }}"), "workloads.a.issuer"),
        (WORKLOAD.to_owned(), "workloads.a.issuer"),
        (format!("{WORKLOAD}aws = {{ arn = [\"*\"] }}"), "workloads.a.aws.arn"),
        (format!("{WORKLOAD}aws = {{ arn = [] }}"), "workloads.a.aws.arn"),
        (
            format!("{WORKLOAD}aws = {{ arn = [\"arn:aws:iam::123456789012:role/a\"], endpoint = \"http://sts.example\" }}"),
            "workloads.a.aws.endpoint",
        ),
        (format!("{WORKLOAD}certificate = {{ names = [] }}"), "workloads.a.certificate.names"),
        (format!("{WORKLOAD}certificate = {{ names = [\".b.example\"] }}\nactions = [\"issue\"]"), "workloads.a.actions"),
        (right.replace(".b.example\"]", "spiffe://*/x\"]"), "workloads.a.names"),
        (right.replace("[\".b.example\"]", "[]"), "workloads.a.names"),
        (right.replace("a@b.example", "nobody"), "workloads.a.owner"),
        (format!("{right}\nprofiles = [\"none\"]"), "workloads.a.profiles"),
        (format!("{right}\ntoken_lifetime = \"2h\""), "workloads.a.token_lifetime"),
        (right.replace("workloads.a", "workloads.A_admin"), "workloads.A_admin"),
        (format!("{PROVIDER}create_users = true"), "oidc.a.create_users"),
        (format!("{PROVIDER}emails_are_verified = true"), "oidc.a.emails_are_verified"),
        (PROVIDER.replace("https", "http"), "oidc.a.issuer"),
        (PROVIDER.replace("oidc.a", "oidc.\"../a\""), "oidc."),
        (PROVIDER.replace("\"x\"", "\"\""), "oidc.a.client_id"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains(FILE_NAME), "{text}: {error}");
    }
}

#[test]
fn the_first_file_holds_where_the_service_is() {
    let text = template("10.0.0.1:443".parse().unwrap(), Some("10.0.0.1:8080".parse().unwrap()));
    let config = read(&text).unwrap();
    assert_eq!((config.url.as_str(), config.http_url.as_deref()), ("https://10.0.0.1", Some("http://10.0.0.1:8080")));
    assert_eq!(read(&template("[::1]:8443".parse().unwrap(), None)).unwrap().url, "https://[::1]:8443");
}

#[test]
fn what_cannot_be_used_is_named() {
    for (text, named) in [
        ("url = \"http://h\"", "url"),
        ("url = \"https://u:p@h\"", "url"),
        ("http_url = \"https://h\"", "http_url"),
        ("prot = 1", "prot"),
        ("[acme]\nproof_life = \"soon\"", "acme.proof_life"),
        ("[acme]\ndefault_profile = \"x\"", "acme.default_profile"),
        ("[acme.profiles.a]\nauthority = \"a\"\n[acme.profiles.b]\nauthority = \"b\"", "acme.default_profile"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains(FILE_NAME), "{text}: {error}");
    }
    let two = "[acme]\ndefault_profile = \"b\"\n[acme.profiles.a]\nauthority = \"a\"\n[acme.profiles.b]\nauthority = \"b\"";
    assert_eq!(read(two).unwrap().acme.offers[0].name, "b");
}
