use serde_json::json;

use super::*;

/// What Repokid 0.19's `repokid config` writes, key for key.
fn repokids() -> Value {
    json!({
        "query_role_data_in_batch": false,
        "batch_processing_size": 100,
        "filter_config": {
            "AgeFilter": {"minimum_age": 90},
            "BlocklistFilter": {
                "all": [],
                "blocklist_bucket": {
                    "bucket": "<BLOCKLIST_BUCKET>", "key": "<PATH/blocklist.json>", "account_number": "<S3_blocklist_account>",
                    "region": "<S3_blocklist_region", "assume_role": "<S3_blocklist_assume_role>"
                }
            },
            "ExclusiveFilter": {"all": ["<GLOB_PATTERN>"], "<ACCOUNT_NUMBER>": ["<GLOB_PATTERN>"]}
        },
        "active_filters": [
            "repokid.filters.age:AgeFilter", "repokid.filters.lambda:LambdaFilter",
            "repokid.filters.blocklist:BlocklistFilter", "repokid.filters.optout:OptOutFilter"
        ],
        "aardvark_api_location": "<AARDVARK_API_LOCATION>",
        "connection_iam": {"assume_role": "RepokidRole", "session_name": "repokid", "region": "us-east-1"},
        "dynamo_db": {
            "assume_role": "RepokidRole", "account_number": "<DYNAMO_TABLE_ACCOUNT_NUMBER>", "endpoint": "<DYNAMO_TABLE_ENDPOINT>",
            "region": "<DYNAMO_TABLE_REGION>", "session_name": "repokid"
        },
        "hooks": ["repokid.hooks.loggers"],
        "logging": {"version": 1, "disable_existing_loggers": "False"},
        "opt_out_period_days": 90,
        "dispatcher": {
            "session_name": "repokid", "region": "us-west-2", "to_rr_queue": "COMMAND_QUEUE_TO_REPOKID_URL",
            "from_rr_sns": "RESPONSES_FROM_REPOKID_SNS_ARN"
        },
        "repo_requirements": {"oldest_aa_data_days": 5, "exclude_new_permissions_for_days": 14},
        "repo_schedule_period_days": 7,
        "warnings": {"unknown_permissions": false}
    })
}

fn parse(value: &Value) -> Result<Config, ConfigError> {
    Config::parse(&value.to_string())
}

#[test]
fn what_repokid_writes_is_read_and_only_its_placeholders_are_warned_of() {
    let config = parse(&repokids()).expect("is read");
    assert!(config.warnings.iter().all(|warning| matches!(warning, Warning::Placeholder { .. })), "{:?}", config.warnings);
    assert_eq!(config.warnings.len(), 11);
    assert_eq!(
        (config.blocklist_bucket.clone(), config.aardvark_api_location.clone()),
        (None, None),
        "placeholders are not taken for values"
    );
    assert_eq!(config.exclusive, PerAccount::default());
    let defaults = Config::default();
    assert_eq!(config.connection_iam.assume_role.as_deref(), Some("RepokidRole"));
    assert_eq!(config.active_filters, defaults.active_filters);
    assert_eq!((config.minimum_age_days, config.opt_out_period_days, config.repo_schedule_period_days), (90, 90, 7));
    assert_eq!((config.oldest_aa_data_days, config.exclude_new_permissions_for_days), (5, 14));
    assert_eq!(config.original(), &repokids(), "nothing is lost");
}

#[test]
fn the_template_reads_as_the_defaults() {
    let (template, defaults) = (Config::parse(TEMPLATE).expect("is read"), Config::default());
    assert_eq!(template.warnings.len(), 1, "{:?}", template.warnings);
    let bare = |config: &Config| Config {
        warnings: Vec::new(),
        state: None,
        connection_iam: Connection::default(),
        original: Value::Null,
        ..config.clone()
    };
    assert_eq!(bare(&template), bare(&defaults));
    assert_eq!(template.state.as_deref(), Some("repokid.db"));
}

#[test]
fn values_are_taken_from_every_place() {
    let config = parse(&json!({
        "filter_config": {
            "AgeFilter": {"minimum_age": 30},
            "BlacklistFilter": {
                "all": ["Admin"], "111122223333": ["arn:aws:iam::111122223333:role/x"],
                "blacklist_bucket": {"bucket_name": "b", "key": "k.json", "account_number": "111122223333", "region": "eu-central-1"}
            },
            "BlocklistFilter": {"all": ["Root"]},
            "ExclusiveFilter": {"all": ["app-*"]}
        },
        "active_filters": ["repokid.filters.blacklist:BlacklistFilter", "repokid.filters.exclusive:ExclusiveFilter"],
        "aardvark_api_location": "https://aardvark.example.com/api/1/advisors",
        "dynamo_db": {"account_number": "111122223333", "endpoint": "http://localhost:8000"},
        "dispatcher": {"to_rr_queue": "https://sqs.example.com/q"},
        "repo_requirements": {"oldest_aa_data_days": 2, "exclude_new_permissions_for_days": 30},
        "repo_schedule_period_days": 10,
        "opt_out_period_days": 20,
        "warnings": {"unknown_permissions": true},
        "state": "postgres://repokid@db.example.com/repokid",
        "observation": {"year-end-*": "yearly", "*-report": "quarterly", "daily": 30},
        "break_glass_roles": {"all": ["BreakGlass*"]}
    }))
    .expect("is read");
    assert_eq!(config.warnings, []);
    assert_eq!(config.active_filters, [FilterName::Blocklist, FilterName::Exclusive]);
    let account: AccountId = "111122223333".parse().expect("an account");
    assert_eq!(config.blocklist.of(&account).collect::<Vec<_>>(), ["Root", "Admin", "arn:aws:iam::111122223333:role/x"]);
    let bucket = config.blocklist_bucket.as_ref().expect("a bucket");
    assert_eq!((bucket.bucket.as_str(), bucket.key.as_str(), &bucket.account), ("b", "k.json", &Some(account)));
    assert_eq!(config.observation["year-end-*"], Observation::Yearly);
    assert_eq!(config.observation["daily"], Observation::Days(30));
    assert!(config.warn_unknown_permissions && config.dynamo_db.is_some() && config.dispatcher.is_some());
    assert_eq!((config.minimum_age_days, config.oldest_aa_data_days, config.exclude_new_permissions_for_days), (30, 2, 30));
    assert_eq!((config.repo_schedule_period_days, config.opt_out_period_days), (10, 20));
}

#[test]
fn what_is_unknown_is_kept_and_named() {
    let value =
        json!({"filter_config": {"AgeFilter": {"minimum_age": 1, "maximum_age": 2}, "TagFilter": {}}, "repo_shedule_period_days": 1});
    let config = parse(&value).expect("is read");
    let mut keys: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    keys.sort();
    assert_eq!(keys.len(), 3);
    for (text, key) in keys.iter().zip(["filter_config.AgeFilter.maximum_age", "filter_config.TagFilter", "repo_shedule_period_days"]) {
        assert!(text.starts_with(key), "{text}");
    }
    assert_eq!(config.original(), &value);
}

#[test]
fn python_is_named_with_what_to_use_instead() {
    let value = json!({"hooks": ["repokid.hooks.loggers", "ours.hooks"], "active_filters": ["ours.filters:TeamFilter"]});
    let config = parse(&value).expect("is read");
    let texts: Vec<_> = config.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].contains("ours.filters:TeamFilter") && texts[0].contains("break_glass_roles"), "{}", texts[0]);
    assert!(texts[1].contains("ours.hooks") && texts[1].contains("NOREPO"), "{}", texts[1]);
    assert_eq!(config.active_filters, [FilterName::Foreign("ours.filters:TeamFilter".to_owned())]);
}

#[test]
fn a_value_of_the_wrong_kind_is_named_by_its_key() {
    for (value, key) in [
        (json!([]), "the configuration"),
        (json!({"filter_config": []}), "filter_config"),
        (json!({"filter_config": {"AgeFilter": {"minimum_age": "90"}}}), "filter_config.AgeFilter.minimum_age"),
        (json!({"filter_config": {"AgeFilter": {"minimum_age": -1}}}), "filter_config.AgeFilter.minimum_age"),
        (json!({"filter_config": {"AgeFilter": {"minimum_age": 1e9}}}), "filter_config.AgeFilter.minimum_age"),
        (json!({"filter_config": {"BlocklistFilter": {"111122223333": "Admin"}}}), "filter_config.BlocklistFilter.111122223333"),
        (
            json!({"filter_config": {"BlocklistFilter": {"blocklist_bucket": {"bucket": "b"}}}}),
            "filter_config.BlocklistFilter.blocklist_bucket.key",
        ),
        (json!({"active_filters": "repokid.filters.age:AgeFilter"}), "active_filters"),
        (json!({"active_filters": [1]}), "active_filters"),
        (json!({"dynamo_db": {"account_number": "12"}}), "dynamo_db.account_number"),
        (json!({"repo_schedule_period_days": 7.5}), "repo_schedule_period_days"),
        (json!({"warnings": {"unknown_permissions": "False"}}), "warnings.unknown_permissions"),
        (json!({"observation": {"x": "weekly"}}), "observation.x"),
        (json!({"observation": {"x": 401}}), "observation.x"),
    ] {
        let error = parse(&value).expect_err("is refused").to_string();
        assert!(error.starts_with(key), "{error}");
    }
}

#[test]
fn broken_json_is_named_by_its_place() {
    let error = Config::parse("{\n  \"hooks\": [,]\n}").expect_err("no JSON");
    assert!(matches!(error, ConfigError::Json { line: 2, .. }), "{error:?}");
    assert!(Config::parse(&"[".repeat(100_000)).is_err(), "depth is bounded");
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "{").expect("is written");
    let error = Config::read(file.path()).expect_err("no JSON").to_string();
    assert!(error.contains(&file.path().display().to_string()), "{error}");
}

#[test]
fn the_manual_names_every_key() {
    let manual = include_str!("../../../docs/configuration.md");
    for value in [repokids(), serde_json::from_str(TEMPLATE).expect("is JSON")] {
        for key in value.as_object().expect("an object").keys() {
            assert!(manual.contains(&format!("`{key}")), "{key}");
        }
    }
}

#[test]
fn roles_alone_are_looked_at_unless_more_is_said() {
    let of = |principals: Value| parse(&json!({ "principals": principals })).map(|config| config.principals);
    assert_eq!(Config::default().principals, BTreeSet::from([Kind::Role]));
    assert_eq!(of(json!(["role", "user", "group"])).expect("is read"), BTreeSet::from([Kind::Role, Kind::User, Kind::Group]));
    assert_eq!(of(json!(["user"])).expect("is read"), BTreeSet::from([Kind::User]));
    for wrong in [json!([]), json!(["users"]), json!(["role", "User"]), json!("user"), json!({"user": true}), json!([1])] {
        let error = of(wrong.clone()).expect_err("is refused").to_string();
        assert!(error.starts_with("principals: "), "{wrong}: {error}");
    }
}

#[test]
fn a_number_that_is_not_known_stays_to_the_last_digit() {
    let config = Config::parse(r#"{"ours": 17770000007700000000008E0, "theirs": [0.1, 1e-7]}"#).expect("is read");
    let again = Config::parse(&config.original().to_string()).expect("is read");
    assert_eq!(again, config);
}
