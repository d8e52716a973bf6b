use menagerie_config::MapEnvironment;

use super::*;

fn places() -> Places {
    Places { home: Some("/home/ada".into()), cache: Some("/home/ada/.cache".into()), config: Some("/home/ada/.config".into()) }
}

fn resolve(config: &ClientConfig, errand: &Errand) -> Result<Settings, SettingsError> {
    let env = MapEnvironment::from_iter([("USER", "ada")]);
    Settings::resolve(config, errand, &places(), &env)
}

fn socket() -> ClientConfig {
    ClientConfig { socket: Some("/run/bless.sock".into()), ..ClientConfig::default() }
}

fn lambda() -> ClientConfig {
    let lambda = LambdaConfig { function: Some("bless".into()), regions: vec!["us-east-1".into()], ..LambdaConfig::default() };
    ClientConfig { lambda: Some(lambda), ..ClientConfig::default() }
}

#[test]
fn defaults_on_one_machine() {
    let settings = resolve(&socket(), &Errand::default()).expect("good");
    assert_eq!(
        settings.wanted,
        Wanted::User { user: "ada".into(), principals: vec!["ada".into()], sources: vec!["127.0.0.1".into(), "::1".into()] }
    );
    assert_eq!(settings.key, KeyChoice::Made(KeyType::Ed25519));
    assert_eq!(settings.paths.private_key, Some("/home/ada/.cache/bless/default/id".into()));
    assert_eq!(settings.paths.certificate, PathBuf::from("/home/ada/.cache/bless/default/id-cert.pub"));
    assert!(settings.agent);
}

#[test]
fn a_key_that_is_taken() {
    let config = ClientConfig { key: Some("/home/ada/.ssh/id_ed25519_sk.pub".into()), ..socket() };
    let settings = resolve(&config, &Errand::default()).expect("good");
    assert_eq!(settings.paths.certificate, PathBuf::from("/home/ada/.ssh/id_ed25519_sk-cert.pub"));
    assert_eq!((settings.paths.private_key, settings.agent), (None, false));
    let config = ClientConfig { key: Some("/home/ada/.ssh/id".into()), ..socket() };
    assert!(matches!(resolve(&config, &Errand::default()), Err(SettingsError::NotPublic(_))));
}

#[test]
fn a_service_elsewhere_wants_source_addresses() {
    assert!(matches!(resolve(&lambda(), &Errand::default()), Err(SettingsError::NoSource)));
    let with = |sources: &[&str]| ClientConfig { source_addresses: Some(sources.iter().map(|&s| s.to_owned()).collect()), ..lambda() };
    assert!(resolve(&with(&["192.0.2.1", "2001:db8::/32"]), &Errand::default()).is_ok());
    for bad in ["10.0.0.1/8", "10.0.0.0/255.0.0.0", "10.0.0.0/33", "example.org", "", "010.0.0.1", "1.2.3.4,5.6.7.8", "::1%eth0"] {
        assert!(matches!(resolve(&with(&[bad]), &Errand::default()), Err(SettingsError::Source(_))), "{bad}");
    }
}

#[test]
fn one_service_at_a_time() {
    assert!(matches!(resolve(&ClientConfig::default(), &Errand::default()), Err(SettingsError::NoService(_))));
    let two = ClientConfig { url: Some("http://127.0.0.1:1".into()), ..socket() };
    assert!(matches!(resolve(&two, &Errand::default()), Err(SettingsError::TwoServices("socket", "url"))));
    let url = ClientConfig { url: Some("http://127.0.0.1:1".into()), ..ClientConfig::default() };
    assert!(matches!(resolve(&url, &Errand::default()), Err(SettingsError::NoTokenFile(_))));
    let url = ClientConfig { url: Some("http://192.0.2.1:1".into()), token_file: Some("/t".into()), ..ClientConfig::default() };
    assert!(matches!(resolve(&url, &Errand::default()), Err(SettingsError::Url(UrlError::Remote(_)))));
}

#[test]
fn names_that_no_list_can_carry() {
    for bad in ["", "a,b", "a b", "a\n", "a\u{1b}"] {
        let config = ClientConfig { principals: Some(vec![bad.into()]), ..socket() };
        assert!(matches!(resolve(&config, &Errand::default()), Err(SettingsError::Name { .. })), "{bad:?}");
        let host = Errand { host: true, hostnames: vec![bad.into()], ..Errand::default() };
        assert!(matches!(resolve(&socket(), &host), Err(SettingsError::Name { .. })), "{bad:?}");
    }
}

#[test]
fn identities_stay_in_the_cache() {
    for bad in ["", "..", ".x", "a/b", "a\\b", "a b", "ü"] {
        let config = ClientConfig { identity: Some(bad.into()), ..socket() };
        assert!(matches!(resolve(&config, &Errand::default()), Err(SettingsError::Identity(_))), "{bad:?}");
    }
}

#[test]
fn hosts() {
    let none = Errand { host: true, ..Errand::default() };
    assert!(matches!(resolve(&socket(), &none), Err(SettingsError::NoHostname)));
    let user = Errand { hostnames: vec!["a".into()], ..Errand::default() };
    assert!(matches!(resolve(&socket(), &user), Err(SettingsError::HostnameOfUser)));
    let host = Errand { host: true, hostnames: vec!["a.example".into()], ..Errand::default() };
    let settings = resolve(&socket(), &host).expect("good");
    assert_eq!(settings.paths.directory, PathBuf::from("/home/ada/.cache/bless/host"));
    assert!(!settings.agent);
}

#[test]
fn kmsauth_tables() {
    let with = |kmsauth: KmsauthConfig| resolve(&ClientConfig { kmsauth: Some(kmsauth), ..socket() }, &Errand::default());
    let whole = KmsauthConfig {
        key_id: Some("arn:aws:kms:eu-west-1:111122223333:key/k".into()),
        to: Some("bless".into()),
        ..KmsauthConfig::default()
    };
    let kmsauth = with(whole.clone()).expect("good").kmsauth.expect("wanted");
    assert_eq!((kmsauth.from.as_str(), kmsauth.lifetime_minutes), ("ada", 10));
    assert_eq!(kmsauth.region.expect("the ARN's").as_str(), "eu-west-1");
    assert!(with(KmsauthConfig { key_id: None, ..whole.clone() }).is_err());
    assert!(with(KmsauthConfig { to: None, ..whole.clone() }).is_err());
    assert!(with(KmsauthConfig { lifetime_minutes: Some(61), ..whole.clone() }).is_err());
    assert!(with(KmsauthConfig { lifetime_minutes: Some(4), ..whole }).is_err());
}
