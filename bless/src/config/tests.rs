use menagerie_config::MapEnvironment;

use super::*;
use crate::request::UsernameRule;

const INI: &str = "\
# The deployed configuration.
[Bless Options]
certificate_validity_before_seconds = 60
certificate_validity_after_seconds: 300
logging_level = DEBUG
username_validation = debian

[Bless CA]
us-east-1_password = Zmlyc3Q=
default_password = ZGVmYXVsdA==
ca_private_key_file = ca_key.pem
ca_private_key_compression = zlib

[KMS Auth]
use_kmsauth = True
kmsauth_key_id = arn:aws:kms:us-east-1:111122223333:key/one, alias/two
kmsauth_serviceid = bless-production
kmsauth_remote_usernames_allowed = ubuntu,alloweduser
";

fn ini(text: &str, variables: &[(&str, &str)]) -> Result<Settings, String> {
    let environment: MapEnvironment = variables.iter().copied().collect();
    parse(Path::new("/etc/bless/bless_deploy.cfg"), text, &environment).map_err(|error| error.to_string())
}

fn toml(text: &str) -> Result<Settings, String> {
    parse(Path::new("/etc/bless/bless.toml"), text, &MapEnvironment::default()).map_err(|error| error.to_string())
}

#[test]
fn a_file_of_bless() {
    let settings = ini(INI, &[("AWS_REGION", "us-east-1")]).expect("settings");
    assert_eq!((settings.user.validity_before_seconds, settings.user.validity_after_seconds), (60, 300));
    assert_eq!((settings.host.validity_before_seconds, settings.host.validity_after_seconds), (120, 31_536_000));
    assert_eq!(settings.user.rules.bastion_user, UsernameRule::Debian);
    assert_eq!(settings.user.extensions.len(), 5);
    assert_eq!(settings.logging_level, Level::Debug);
    assert!(!settings.authentication.required && settings.host.allow.is_empty());
    let CaSource::File { path, compression, passphrase } = settings.ca else { panic!("a file was set") };
    assert_eq!((path, compression), (PathBuf::from("/etc/bless/ca_key.pem"), Compression::Zlib));
    assert_eq!(passphrase, PassphraseSource::Kms("Zmlyc3Q=".to_owned()));
    let kmsauth = settings.authentication.kmsauth.expect("kmsauth is on");
    assert_eq!(kmsauth.key_ids, ["arn:aws:kms:us-east-1:111122223333:key/one", "alias/two"]);
    assert_eq!(kmsauth.remote_usernames, RemoteUsernames::Listed(vec!["ubuntu".to_owned(), "alloweduser".to_owned()]));
    assert_eq!(kmsauth.iam_group_format, None);
}

#[test]
fn the_password_is_the_regions_or_the_default() {
    let passphrase = |region: &str| match ini(INI, &[("AWS_REGION", region)]).expect("settings").ca {
        CaSource::File { passphrase, .. } => passphrase,
        _ => panic!("a file was set"),
    };
    assert_eq!(passphrase("eu-west-1"), PassphraseSource::Kms("ZGVmYXVsdA==".to_owned()));
    let none = INI.replace("default_password = ZGVmYXVsdA==\n", "");
    assert_eq!(ini(&none, &[("AWS_REGION", "eu-west-1")]).err(), Some("No Region Specific And No Default Password Provided.".to_owned()));
}

#[test]
fn the_environment_sets_every_option() {
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("bless_options_certificate_validity_after_seconds", "9"),
        ("bless_options_certificate_extensions", ""),
        ("bless_ca_us_east_1_password", "b3RoZXI="),
        ("bless_ca_ca_private_key", "a2V5"),
        ("bless_ca_ca_private_key_compression", "bz2"),
        ("kms_auth_use_kmsauth", "false"),
    ];
    let settings = ini(INI, &variables).expect("settings");
    assert_eq!(settings.user.validity_after_seconds, 9);
    assert_eq!(settings.user.extensions, Vec::<String>::new());
    assert!(settings.authentication.kmsauth.is_none());
    let CaSource::Inline { bytes, compression, passphrase } = settings.ca else { panic!("a key was set") };
    assert_eq!((bytes.as_slice(), compression, passphrase), (&b"key"[..], Compression::Bz2, PassphraseSource::Kms("b3RoZXI=".to_owned())));
    // And with no file at all.
    let alone = from_environment(&variables.into_iter().collect::<MapEnvironment>(), PathBuf::from(".")).expect("settings");
    assert_eq!(alone.user.validity_after_seconds, 9);
}

#[test]
fn what_is_not_known_is_an_error() {
    let unknown = |text: &str| ini(text, &[]).expect_err("an error");
    assert!(unknown(&INI.replace("kmsauth_serviceid", "kmsauth_service")).contains("kmsauth_service"));
    assert!(unknown(&format!("{INI}\n[Bless Optoins]\n")).contains("[Bless Optoins]"));
    assert!(ini(INI, &[("bless_options_test_usr", "x")]).expect_err("an error").contains("bless_options_test_usr"));
    for (from, to, named) in [
        ("logging_level = DEBUG", "logging_level = LOUD", "LOUD"),
        ("username_validation = debian", "username_validation = any", "any"),
        ("= zlib", "= gzip", "gzip"),
        ("use_kmsauth = True", "use_kmsauth = perhaps", "perhaps"),
        ("before_seconds = 60", "before_seconds = soon", "soon"),
        ("before_seconds = 60", "before_seconds = -1", "-1"),
        ("username_validation = debian", "certificate_extensions = permit-everything", "permit-everything"),
    ] {
        let error = unknown(&INI.replace(from, to));
        assert!(error.contains(named), "{error}");
    }
}

/// A restriction that is set to nothing, or in a way that nobody reads, is an error and not absent.
#[test]
fn no_restriction_is_silently_off() {
    assert!(ini(&INI.replace("use_kmsauth = True", "use_kmsauth ="), &[]).is_err());
    assert!(ini(INI, &[("kms_auth_use_kmsauth", "")]).is_err());
    assert!(ini(INI, &[("KMS_AUTH_USE_KMSAUTH", "True")]).is_err());
    assert!(ini(INI, &[("BLESS_CA_PASSPHRASE", "x")]).is_ok());
    for option in ["certificate_validity_after_seconds", "server_certificate_validity_after_seconds"] {
        assert!(ini(&INI.replace("certificate_validity_after_seconds: 300", &format!("{option} = 0")), &[]).is_err(), "{option}");
    }
    let beside: MapEnvironment = [("kms_auth_use_kmsauth", "True")].into_iter().collect();
    assert!(parse(Path::new("bless.toml"), "[ca]\nkey_file = \"k\"\n", &beside).is_err());
}

#[test]
fn the_ini_dialect_of_python() {
    let ini = Ini::parse("[A]\nKey : one\n  two\n; no\n# no\nother=x=y\n[DEFAULT]\nall = 1\n").expect("an INI");
    assert_eq!(ini.value("A", "key"), Some("one\ntwo"));
    assert_eq!(ini.value("A", "other"), Some("x=y"));
    assert_eq!(ini.value("A", "all"), Some("1"));
    for (text, line) in [("x = 1", 1), ("[A]\n[A]", 2), ("[A]\nx=1\nX=2", 3), ("[A\n", 1), ("[A]\nword\n", 2)] {
        assert_eq!(Ini::parse(text).expect_err("no INI").line, line, "{text}");
    }
}

#[test]
fn hosts_are_allowed_by_a_section_of_ours() {
    let hosts = "[Bless Hosts]\nallowed =\n    arn:aws:lambda:us-east-1:111122223333:function:bless-host:web *.web.example.com,lb1\n";
    let settings = ini(&format!("{INI}{hosts}"), &[("AWS_REGION", "us-east-1")]).expect("settings");
    assert_eq!(settings.host.allow[0].names, ["*.web.example.com", "lb1"]);
    assert!(matches!(&settings.host.allow[0].who, HostCaller::Function(arn) if arn.ends_with(":web")));
    for bad in ["allowed = x y", "allowed = arn:aws:lambda:us-east-1:111122223333:function:f *", "allowed = arn:aws:s3:::b a"] {
        assert!(ini(&format!("{INI}[Bless Hosts]\n{bad}\n"), &[]).is_err(), "{bad}");
    }
}

#[test]
fn content_tells_the_format() {
    assert!(is_ini(INI));
    assert!(toml("# nothing\n").is_err());
    assert!(ini("# nothing\n", &[("bless_ca_default_password", "eA=="), ("bless_ca_ca_private_key", "eA==")]).is_ok());
    assert!(!is_ini(TEMPLATE));
    assert!(!is_ini("[ca]\nkey_file = \"x\"\n# [Bless CA]\n"));
}

#[test]
fn the_template_is_a_configuration() {
    let text = TEMPLATE.replace("{uid}", "1000").replace("{user}", "alice");
    let settings = toml(&text).expect("settings");
    assert!(settings.authentication.required);
    assert_eq!(settings.authentication.local[&1000].principals, ["alice"]);
    assert_eq!(settings.user.validity_after_seconds, 3_600);
    assert_eq!(settings.serve.socket, Some(PathBuf::from("/etc/bless/bless.sock")));
    assert_eq!(settings.log, Some(LogTarget::File(PathBuf::from("/etc/bless/log.jsonl"))));
    // What is commented out is right, too.
    let every: String = text
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("# ").filter(|l| l.contains(" = ") || l.starts_with('[')).unwrap_or(line)))
        .collect();
    let every = every.replace("passphrase_kms", "# ").replace("kms_key", "# ");
    let settings = toml(&every).expect("settings");
    assert_eq!(settings.host.allow.len(), 2);
    assert!(settings.authentication.kmsauth.is_some() && settings.user.critical_options.force_command.is_some());
}

#[test]
fn what_toml_does_not_know_is_an_error() {
    let base = "[ca]\nkey_file = \"k\"\n";
    for (text, named) in [
        ("[user]\nvaliditi = \"1h\"\n", "validiti"),
        ("[user]\nvalidity = \"1y\"\n", "1y"),
        ("[user]\nvalidity = \"0\"\n", "never be valid"),
        ("[user]\nvalidity = \"999999w\"\n", "ten years"),
        ("[user]\nextensions = [\"permit-everything\"]\n", "permit-everything"),
        ("[user]\nkey_id = \"{who}\"\n", "who"),
        ("[user.source_address]\nwithin = [\"10.0.0.1/8\"]\n", "within"),
        ("[log]\ntarget = \"syslog:x\"\n", "syslog"),
        ("[[host.allow]]\nnames = [\"a\"]\n", "name one of"),
        ("[[host.allow]]\nuser = \"a\"\nnames = [\"*\"]\n", "no name or pattern"),
        ("[[authentication.local]]\nuid = 1\nuser = \"a*\"\nprincipals = []\n", "a*"),
        ("[authentication.kmsauth]\nkey_ids = []\nservice_id = \"x\"\n", "names no key"),
        ("[authentication.kmsauth]\nkey_ids = [\"k\"]\nservice_id = \"x\"\niam_group_format = \"ssh\"\n", "{}"),
    ] {
        let error = toml(&format!("{base}{text}")).expect_err(text);
        assert!(error.contains(named), "{text}: {error}");
    }
    assert!(toml("").is_err() && toml("[user]\n").expect_err("an error").contains("[ca]"));
    assert!(toml("[ca]\nkey_file = \"k\"\nkms_key = \"x\"\n").is_err());
}

#[test]
fn callers_must_be_verified_unless_the_file_says_otherwise() {
    assert!(toml("[ca]\nkey_file = \"k\"\n").expect("settings").authentication.required);
    assert!(!toml("[ca]\nkey_file = \"k\"\n[authentication]\nrequired = false\n").expect("settings").authentication.required);
}

#[test]
fn log_targets() {
    let base = Path::new("/b");
    let parse = |text: &str| LogTarget::parse(text, base);
    assert_eq!(parse("file:x"), Ok(LogTarget::File("/b/x".into())));
    assert_eq!(parse("sqlite:/x"), Ok(LogTarget::Sqlite("/x".into())));
    assert_eq!(parse("cloudwatch:/aws/bless"), Ok(LogTarget::CloudWatch { group: "/aws/bless".into(), prefix: "bless-issued/".into() }));
    assert_eq!(parse("dynamodb:t"), Ok(LogTarget::DynamoDb { table: "t".into() }));
    for text in ["", "x", "file:", "stdout:x", "file:a\nb"] {
        assert!(parse(text).is_err(), "{text:?}");
    }
}
