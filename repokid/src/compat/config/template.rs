//! What `repokid config FILE` writes: every key with its default, and placeholders where a value is to be filled in.

/// The template. It reads as the defaults.
pub const TEMPLATE: &str = r#"{
    "state": "repokid.db",
    "active_filters": [
        "repokid.filters.age:AgeFilter",
        "repokid.filters.lambda:LambdaFilter",
        "repokid.filters.blocklist:BlocklistFilter",
        "repokid.filters.optout:OptOutFilter"
    ],
    "filter_config": {
        "AgeFilter": { "minimum_age": 90 },
        "BlocklistFilter": { "all": [] },
        "ExclusiveFilter": { "all": [] }
    },
    "principals": ["role"],
    "break_glass_roles": { "all": [] },
    "observation": {},
    "aardvark_api_location": "<AARDVARK_API_LOCATION>",
    "connection_iam": {
        "assume_role": "RepokidRole",
        "session_name": "repokid",
        "region": "us-east-1"
    },
    "opt_out_period_days": 90,
    "repo_requirements": {
        "oldest_aa_data_days": 5,
        "exclude_new_permissions_for_days": 14
    },
    "repo_schedule_period_days": 7,
    "warnings": { "unknown_permissions": false }
}
"#;
