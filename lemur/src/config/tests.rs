//! What is taken from a file, and what is refused with its place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::profile::Lifetime;

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
    // A build without AWS has no Route 53.
    let template = match (cfg!(feature = "aws"), TEMPLATE.split_once("#[dns.hosted]"), TEMPLATE.split_once("#[dns.edge]")) {
        (false, Some((before, _)), Some((_, behind))) => format!("{before}#[dns.edge]{behind}"),
        _ => TEMPLATE.to_owned(),
    };
    for line in template.lines() {
        let key = line.strip_prefix('#').filter(|rest| !rest.starts_with(' '));
        // Of a key with two examples the second is left out.
        if !key.is_some_and(|key| key.starts_with("database = \"postgres")) {
            every.push_str(key.unwrap_or(line));
        }
        every.push('\n');
    }
    let config = read(&every).unwrap();
    assert_eq!(config.acme.offers[0].private_networks.len(), 1);
    assert!(config.profiles.get("edge").is_some_and(|edge| edge.is_baseline() && edge.max_lifetime() == Lifetime::days(47)));
    assert_eq!(config.acme.name_servers[0].to_string(), "10.0.0.53:53");
    assert_eq!(config.http_url.as_deref(), Some("http://pki.corp.example"));
    assert_eq!((config.rest.requests_per_minute.map(u32::from), config.acme.orders_per_hour.map(u32::from)), (Some(600), Some(10_000)));
    assert_eq!(config.rest.most_uploads, MostUploads(5_000));
    assert_eq!(config.rest.defaults.organization.as_deref(), Some("Corp"));
    assert_eq!(config.upstreams[0].external_account.as_ref().unwrap().id, "kid-1");
    assert_eq!(config.dns.len(), if cfg!(feature = "aws") { 4 } else { 3 });
    let identity = &config.identity;
    assert_eq!((identity.providers.len(), identity.workloads.len()), (1, 4));
    assert_eq!(identity.client_authorities(), ["internal"]);
    assert_eq!(config.encryption_key.as_deref(), Some("pkcs11:token=corp;object=ring"));
    assert_eq!(config.keys["corp-root"], "pkcs11:token=corp;object=root");
    assert_eq!(config.pkcs11.unwrap().patience.as_secs(), 10);
}

#[test]
fn approval_wants_accounts_that_are_settled_unless_it_is_said() {
    assert_eq!(read("").unwrap().approve_authorities, None);
    assert_eq!(read("[approval]\nauthorities = true").unwrap().approve_authorities, Some(SettledDays(7)));
    assert_eq!(read("[approval]\nauthorities = true\nsettled_days = 0").unwrap().approve_authorities, Some(SettledDays(0)));
    assert_eq!(read("[approval]\nsettled_days = 30").unwrap().approve_authorities, None);
    for wrong in ["366", "-1", "\"seven\""] {
        assert!(read(&format!("[approval]\nauthorities = true\nsettled_days = {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn names_of_this_authority_have_one_form() {
    let config = read("[acme]\ncaa_identities = [\"CA.Example.\", \"b\u{fc}cher.example\"]").unwrap();
    assert_eq!(config.acme.caa_identities, ["ca.example", "xn--bcher-kva.example"]);
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
        (format!("{WORKLOAD}certificate = {{ authority = \"other\", names = [\".b.example\"] }}"), "workloads.a.certificate.authority"),
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
        ("[http]\ntrusted_proxies = [\"10.0.0.0/8\", \"0.0.0.0/0\"]".to_owned(), "http.trusted_proxies: 0.0.0.0/0 is everybody"),
        ("[http]\ntrusted_proxies = [\"::/0\"]".to_owned(), "http.trusted_proxies: ::/0 is everybody"),
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

/// Certificates have these URLs for as long as they hold: one that leads nowhere is no start, and the error says what to write.
#[test]
fn an_address_of_all_interfaces_is_no_place_to_go_to() {
    let folder = tempfile::tempdir().unwrap();
    let typed = |listen: &str, http: Option<&str>| Typed {
        data: folder.path().to_owned(),
        listen: Some(listen.parse().unwrap()),
        http_listen: http.map(|http| http.parse().unwrap()),
        ..Typed::default()
    };
    for (listen, http, key) in [
        ("0.0.0.0:8443", None, "url = \"https://NAME:PORT\""),
        ("[::]:8443", None, "url = \"https://NAME:PORT\""),
        ("10.0.0.1:8443", Some("0.0.0.0:8080"), "http_url = \"http://NAME:PORT\""),
    ] {
        let error = Config::read(&typed(listen, http)).unwrap_err().to_string();
        assert!(error.contains(key), "{listen} {http:?}: {error}");
    }
    std::fs::write(folder.path().join(FILE_NAME), "url = \"https://pki.corp.example\"\nhttp_url = \"http://pki.corp.example\"").unwrap();
    let config = Config::read(&typed("0.0.0.0:8443", Some("0.0.0.0:8080"))).unwrap();
    assert_eq!((config.url.as_str(), config.http_url.as_deref()), ("https://pki.corp.example", Some("http://pki.corp.example")));
    assert!(read("url = \"https://0.0.0.0:8443\"").is_err() && read("http_url = \"http://[::]\"").is_err());
}

#[test]
fn what_cannot_be_used_is_named() {
    for (text, named) in [
        ("url = \"http://h\"", "url"),
        ("url = \"https://u:p@h\"", "url"),
        ("http_url = \"https://h\"", "http_url"),
        ("prot = 1", "prot"),
        (
            "[profiles.young]\nkey_types = [\"ml-dsa-65\"]\nkey_usages = [\"digital_signature\"]\nextended_key_usages = [\"server_auth\"]\ndefault_lifetime = \"1d\"\nmax_lifetime = \"1d\"\nnames = { kinds = [\"dns\"] }",
            "profiles.young.key_types",
        ),
        ("[rest]\nrequests_per_minute = 0", "requests_per_minute"),
        ("[log]\nlevel = \"loud\"", "log.level"),
        ("[log]\nformat = \"xml\"", "format"),
        ("[encryption]\nkey = \"/etc/ring\"", "encryption.key"),
        ("[keys.a]\nreference = \"pkcs11:object=a\"", "keys.a.reference"),
        ("[keys.a]\nreference = \"pkcs11:token=a;object=b?pin-value=1\"", "keys.a.reference"),
        ("[pkcs11]\nmodule = \"a.so\"\nsessions = 0", "pkcs11.sessions"),
        ("[pkcs11]\nmodule = \"a.so\"\npatience = \"1h\"", "pkcs11.patience"),
        ("[pkcs11]\nmodule = \"a.so\"\npin = \"1234\"", "unknown field `pin`"),
        ("[acme]\nproof_life = \"soon\"", "acme.proof_life"),
        ("[upstream.a]\ndirectory = \"http://h/d\"\nchallenge = \"http-01\"", "upstream.a.directory"),
        ("[upstream.a]\ndirectory = \"https://u:p@h/d\"\nchallenge = \"http-01\"", "upstream.a.directory"),
        ("[upstream.a]\ndirectory = \"https://h/d\"\nchallenge = \"dns-01\"", "upstream.a.dns_provider"),
        ("[upstream.a]\ndirectory = \"https://h/d\"\nchallenge = \"http-01\"\ndns_provider = \"x\"", "upstream.a.dns_provider"),
        ("[upstream.a]\ndirectory = \"https://h/d\"\nchallenge = \"http-01\"\nretry = \"0s\"", "upstream.a.retry"),
        ("[upstream.a]\ndirectory = \"https://h/d\"\nchallenge = \"http-01\"\ncontact = [\"me\"]", "upstream.a.contact"),
        ("[upstream.a]\ndirectory = \"https://h/d\"\nchallenge = \"tls-alpn-01\"", "challenge"),
        ("[acme]\ndefault_profile = \"x\"", "acme.default_profile"),
        ("[acme]\ncaa_identities = [\"*.corp.example\"]", "acme.caa_identities"),
        ("[acme]\ncaa_identities = [\"corp example\"]", "acme.caa_identities"),
        (
            "[acme]\ncaa_identities = [\"a.b\", \"b.b\", \"c.b\", \"d.b\", \"e.b\", \"f.b\", \"g.b\", \"h.b\", \"i.b\", \"j.b\", \"k.b\"]",
            "at most 10",
        ),
        ("[acme.profiles.a]\nauthority = \"a\"\n[acme.profiles.b]\nauthority = \"b\"", "acme.default_profile"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains(FILE_NAME), "{text}: {error}");
    }
    let two = "[acme]\ndefault_profile = \"b\"\n[acme.profiles.a]\nauthority = \"a\"\n[acme.profiles.b]\nauthority = \"b\"";
    assert_eq!(read(two).unwrap().acme.offers[0].name, "b");
}

#[test]
fn a_provider_of_dns_that_cannot_be_is_named_by_its_key() {
    for (text, named) in [
        ("kind = \"bind\"", "dns.it.kind: \"bind\" is none of"),
        ("zone = \"x\"", "kind"),
        ("kind = \"hook\"", "dns.it.program: is wanted"),
        ("kind = \"hook\"\nprogram = \"/x\"\nprogramm = \"/x\"", "programm"),
        ("kind = \"hook\"\nprogram = \"/x\"\ntoken_file = \"t\"", "dns.it.token_file: is nothing for the kind \"hook\""),
        ("kind = \"hook\"\nprogram = \"/x\"\ntimeout = \"0\"", "dns.it.timeout"),
        ("kind = \"hook\"\nprogram = \"/x\"\npropagation = \"2h\"", "dns.it.propagation"),
        ("kind = \"hook\"\nprogram = \"/x\"\narguments = [\"a\\u0000\"]", "dns.it.arguments"),
        ("kind = \"hook\"\nprogram = \"/x\"\nenvironment = { \"A=B\" = \"c\" }", "dns.it.environment"),
        ("kind = \"cloudflare\"", "dns.it.token_file: is wanted"),
        ("kind = \"cloudflare\"\ntoken_file = \"t\"\nurl = \"http://api.example\"", "dns.it.url"),
        ("kind = \"cloudflare\"\ntoken_file = \"t\"\nzone = \"../x\"", "dns.it.zone"),
        ("kind = \"rfc2136\"\nkey_file = \"k\"", "dns.it.server: is wanted"),
        ("kind = \"rfc2136\"\nserver = \"10.0.0.53\"", "dns.it.key_file: is wanted"),
        ("kind = \"rfc2136\"\nserver = \"ns.corp.example\"\nkey_file = \"k\"", "server"),
    ] {
        let error = read(&format!("[dns.it]\n{text}")).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains(FILE_NAME), "{text}: {error}");
    }
    assert!(read("[dns.\"a b\"]\nkind = \"hook\"\nprogram = \"/x\"").unwrap_err().to_string().contains("dns.a b: a provider's name"));
    let route53 = read("[dns.it]\nkind = \"route53\"\nzone = \"Z1\"");
    if cfg!(feature = "aws") {
        assert!(route53.is_ok(), "{route53:?}");
    } else {
        assert!(route53.unwrap_err().to_string().contains("dns.it.kind: this lemur was built without AWS"));
    }
}

#[test]
fn what_a_program_is_handed_is_not_shown() {
    let text = "[dns.it]\nkind = \"hook\"\nprogram = \"/x\"\narguments = [\"s3cret-a\"]\nenvironment = { TOKEN = \"s3cret-b\" }";
    let shown = format!("{:?}", read(text).unwrap().dns);
    assert!(shown.contains("/x") && !shown.contains("s3cret"), "{shown}");
}
