use std::io::Write as _;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::state::{Activity, LastAccess, RoleId};

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().expect("a time")
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Plain JSON as DynamoDB types it.
fn typed(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(yes) => json!({"BOOL": yes}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(list) => json!({"L": list.iter().map(typed).collect::<Vec<_>>()}),
        Value::Object(map) => json!({"M": map.iter().map(|(key, value)| (key.clone(), typed(value))).collect::<serde_json::Map<_, _>>()}),
    }
}

fn item(value: &Value) -> Value {
    typed(value)["M"].clone()
}

/// As Repokid 0.19 writes it.
fn newer(number: u32) -> Value {
    json!({
        "RoleId": format!("AROAEXAMPLE{number}"), "RoleName": "reader", "Account": "111122223333",
        "Arn": "arn:aws:iam::111122223333:role/team/reader", "Active": true, "CreateDate": "2020-01-31 12:00",
        "LastUpdated": "2026-05-01 10:00", "Refreshed": "2026-05-01T10:00:00.123456", "Repoed": "",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
        "Tags": [{"Key": "team", "Value": "data"}], "DisqualifiedBy": ["AgeFilter"],
        "OptOut": {"owner": "ann@example.com", "reason": "yearly job", "expire": 1_790_000_000},
        "NoRepoPermissions": {"s3:*": 1_790_000_000, "sqs:sendmessage": 1_500_000_000},
        "RepoablePermissions": 3, "RepoableServices": ["sqs", "s3:getobject"], "TotalPermissions": 10,
        "RepoScheduled": 1_790_000_100, "ScheduledPerms": ["sqs", "s3:getobject"],
        "Policies": [
            {"Source": "Scan", "Discovered": "2025-01-01T00:00:00.000001", "Policy": {"p": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}}},
            {"Source": "Repo", "Discovered": "2025-02-01T00:00:00", "Policy": {"p": {"Statement": []}}}
        ],
        "Stats": [{"Date": "2025-01-01T00:00:00", "DisqualifiedBy": [], "PermissionsCount": 12, "RepoablePermissionsCount": 4, "Source": "Scan"}],
        "AAData": [{
            "serviceNamespace": "s3", "serviceName": "Amazon S3", "lastAuthenticated": 0, "lastAuthenticatedEntity": "---DYNAMO-EMPTY-STRING---",
            "lastUpdated": "Sun, 31 May 2026 00:00:00 GMT", "totalAuthenticatedEntities": 0
        }]
    })
}

/// As Repokid 0.7 wrote it.
fn older() -> Value {
    json!({
        "RoleId": "AROAEXAMPLEOLD", "RoleName": "old", "Arn": "arn:aws:iam::111122223333:role/old", "Account": "111122223333",
        "CreateDate": "2016-02-03T04:05:06+00:00", "Active": false, "Refreshed": "2018-01-01T00:00:00.5", "AAData": {}, "OptOut": {},
        "RepoScheduled": 0, "Tags": "---DYNAMO-EMPTY-STRING---", "DisqualifiedBy": [], "NoRepoPermissions": {}, "Stats": [],
        "Policies": [{"Source": "Scan", "Discovered": "2018-01-01T00:00:00", "Policy": {"p": "{ \"Statement\": [] }"}}]
    })
}

fn all(bytes: impl AsRef<[u8]>) -> (Vec<Entry>, Result<(), ExportError>) {
    let mut entries = Vec::new();
    let end = read(bytes.as_ref(), now(), &mut |entry| {
        entries.push(entry);
        true
    });
    (entries, end)
}

fn roles(bytes: impl AsRef<[u8]>) -> Vec<(Box<RoleHistory>, Vec<String>)> {
    let (entries, end) = all(bytes);
    end.expect("is read to its end");
    let role = |entry| match entry {
        Entry::Role { history, notes } => (history, notes),
        Entry::Fault(fault) => panic!("{fault}"),
    };
    entries.into_iter().map(role).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("is packed");
    encoder.finish().expect("is packed")
}

#[test]
fn every_form_gives_the_same_roles() {
    let (one, two) = (item(&newer(1)), item(&older()));
    let lines = format!("{}\n\n{}", json!({"Item": one}), json!({"Item": two}));
    let scan = json!({"Items": [one, two], "Count": 2, "ScannedCount": 2, "ConsumedCapacity": null});
    let pages = format!("{}\n{}", json!({"Count": 1, "Items": [one]}), json!({"Items": [two]}));
    let pretty = |value: &Value| serde_json::to_string_pretty(value).expect("is JSON");
    let items = format!("{}\n{}", pretty(&json!({"Item": one})), pretty(&json!({"Item": two})));
    let expected = roles(&lines);
    assert_eq!(expected.len(), 2);
    let list = json!([{"Item": one}, two]).to_string();
    for text in [scan.to_string(), pretty(&scan), pages, items, list, lines] {
        assert_eq!(roles(&text), expected);
        assert_eq!(roles(gzip(&text)), expected);
    }
    let members = [gzip(&format!("{}\n", json!({"Item": one}))), gzip(&json!({"Item": two}).to_string())].concat();
    assert_eq!(roles(members), expected, "gzip may have members");
}

#[test]
fn all_of_an_item_is_taken() {
    let (history, notes) = roles(json!({"Item": item(&newer(1))}).to_string()).remove(0);
    assert_eq!(notes, [""; 0]);
    let role = &history.role;
    assert_eq!((role.id.as_str(), role.name.as_str(), role.active), ("AROAEXAMPLE1", "reader", true));
    assert_eq!(role.created, Some(time("2020-01-31T12:00:00Z")));
    assert_eq!((role.refreshed, role.repoed), (Some(time("2026-05-01T10:00:00.123456Z")), None));
    assert_eq!(role.tags["team"], "data");
    assert!(role.trust_policy.as_deref().expect("a document").contains("2012-10-17"));
    assert_eq!(role.disqualified_by[0].filter, "AgeFilter");
    let wish = role.opt_out.as_ref().expect("a wish");
    assert_eq!((wish.owner.as_str(), wish.expires), ("ann@example.com", Timestamp::from_second(1_790_000_000).expect("a time")));
    assert!(
        role.protected.keeps("s3", "GetObject", now()) && !role.protected.keeps("sqs", "SendMessage", now()),
        "what was protected by a wildcard still is"
    );
    assert_eq!((role.repoable.total, role.repoable.permissions, role.repoable.services.len()), (10, 3, 2));
    let schedule = role.schedule.as_ref().expect("a schedule");
    assert!(schedule.names("sqs:SendMessage") && schedule.names("s3:GetObject") && !schedule.names("s3:PutObject"));
    let versions: Vec<_> = history.versions.iter().map(|version| (version.source.as_str(), version.discovered)).collect();
    assert_eq!(versions, [("Scan", time("2025-01-01T00:00:00.000001Z")), ("Repo", time("2025-02-01T00:00:00Z"))]);
    let document: Value = serde_json::from_str(&history.versions[0].policies["p"]).expect("is JSON");
    assert_eq!(document["Statement"][0]["Action"], "s3:*");
    assert_eq!((history.statistics[0].total, history.statistics[0].repoable), (12, 4));
    let row = &history.advisor[0];
    assert_eq!((row.service.as_str(), row.last_authenticated, &row.last_authenticated_entity), ("s3", LastAccess::Never, &None));
}

#[test]
fn an_older_item_is_taken_as_it_is() {
    let (history, notes) = roles(json!({"Item": item(&older())}).to_string()).remove(0);
    assert_eq!(notes, [""; 0]);
    assert_eq!((history.role.active, history.role.created), (false, Some(time("2016-02-03T04:05:06Z"))));
    assert_eq!((history.role.schedule.clone(), history.role.opt_out.clone(), history.advisor.len()), (None, None, 0));
    assert_eq!(history.versions[0].policies["p"], "{ \"Statement\": [] }", "a document that was a text stays as it is");
}

#[test]
fn what_cannot_be_read_is_never_taken_as_permission() {
    let mut value = newer(1);
    value["OptOut"]["expire"] = json!("some day");
    value["NoRepoPermissions"] = json!({"ec2:*": "later"});
    value["CreateDate"] = json!("long ago");
    value["ScheduledPerms"] = json!([]);
    value["Policies"][0]["Policy"] = json!([1]);
    value["AAData"][0]["lastAuthenticated"] = json!("x");
    let (history, notes) = roles(json!({"Item": item(&value)}).to_string()).remove(0);
    assert_eq!(notes.len(), 5, "{notes:?}");
    let role = &history.role;
    assert!(role.opt_out.as_ref().is_some_and(|wish| wish.holds(now() + SignedDuration::from_hours(24 * 364))));
    assert_eq!(role.protected.at(now() + SignedDuration::from_hours(24 * 13)).count(), 1);
    assert_eq!((role.created, &role.schedule), (None, &None), "nothing goes that its owner was not told of");
    assert_eq!((history.versions.len(), history.versions[1].source.as_str()), (2, "Repo"), "numbers of versions stay");
    assert_eq!(history.advisor[0].last_authenticated, LastAccess::Unreadable);
}

#[test]
fn what_is_no_role_is_a_fault_with_its_place_and_the_rest_is_read() {
    let good = json!({"Item": item(&newer(1))}).to_string();
    let text =
        format!("{good}\n{{\"Item\": nonsense\n{}\n{}\n{good}", json!({"Item": {"RoleId": {"S": "AROA"}}}), json!({"Item": {"Arn": "x"}}));
    let (entries, end) = all(&text);
    end.expect("is read to its end");
    let places: Vec<_> =
        entries.iter().filter_map(|entry| if let Entry::Fault(fault) = entry { Some(fault.to_string()) } else { None }).collect();
    assert_eq!((entries.len(), places.len()), (5, 3), "{places:?}");
    assert!(places[0].starts_with("line 2: this is no JSON") && places[1] == "line 3: Arn is missing", "{places:?}");
    let (entries, end) = all(json!({"Items": [item(&newer(1)), {"RoleId": {"S": "no id"}}]}).to_string());
    end.expect("is read to its end");
    assert!(matches!(&entries[1], Entry::Fault(fault) if fault.place == "item 2"), "{entries:?}");
}

#[test]
fn what_is_no_whole_export_is_an_error_after_what_could_be_read() {
    for text in ["", " \n", "[1, 2", "{}", "nonsense", "{\"Count\": 0}", "\u{1f}"] {
        assert!(all(text).1.is_err(), "{text:?}");
    }
    let scan = json!({"Items": [item(&newer(1)), item(&newer(2))]}).to_string();
    let (entries, end) = all(&scan[..scan.len() - 20]);
    assert!(entries.len() == 1 && matches!(end, Err(ExportError::Form { .. })), "{end:?}");
    let packed = gzip(&format!("{}\n{}", json!({"Item": item(&newer(1))}), json!({"Item": item(&newer(2))})));
    assert!(matches!(all(&packed[..packed.len() - 12]).1, Err(ExportError::Read(_))), "a cut gzip is told from its end");
    assert!(all(format!("{{\"Items\": {}", "[".repeat(100_000))).1.is_err(), "depth is bounded");
}

#[test]
fn an_item_has_a_bound() {
    for text in [format!("{{\"Items\": [\"{}\"]}}", "x".repeat(17 << 20)), format!("{{\"Item\": \"{}\"}}", "x".repeat(17 << 20))] {
        let (entries, end) = all(text);
        assert!(entries.is_empty() && end.is_err(), "{end:?}");
    }
    let mut large = newer(1);
    large["Description"] = json!("x".repeat(1 << 20));
    let many = json!({"Items": vec![item(&large); 18]}).to_string();
    assert!(many.len() as u64 > 17 << 20, "{}", many.len());
    assert_eq!(all(many).0.len(), 18, "the bound is on each");
}

#[tokio::test]
async fn an_import_can_be_repeated_and_undoes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    let state = State::open(path.to_str().expect("text")).await.expect("opens");
    let text = format!("{}\n{{\"Item\": 1}}\n{}\n", json!({"Item": item(&newer(1))}), json!({"Item": item(&older())}));
    let first = import(&state, std::io::Cursor::new(gzip(&text)), now()).await.expect("is imported");
    assert_eq!((first.imported, first.known, first.faults.len()), (2, 0, 1));
    let account = "111122223333".parse().expect("an account");
    let mut role = state.role_named(&account, "READER").await.expect("is read").expect("is there");
    role.opt_out = None;
    state.save(&mut role).await.expect("is kept");
    let again = import(&state, std::io::Cursor::new(text), now()).await.expect("is imported");
    assert_eq!((again.imported, again.known), (0, 2));
    assert_eq!(state.role(&role.id).await.expect("is read"), Some(role), "what was changed since stays");
    let id: RoleId = "AROAEXAMPLE1".parse().expect("an ID");
    assert_eq!(state.policy_versions(&id).await.expect("is read").len(), 2);
    assert_eq!(state.statistics(&id).await.expect("is read").len(), 1);
    assert_eq!(state.roles(&account, Activity::Inactive).await.expect("is read").len(), 1);
}
