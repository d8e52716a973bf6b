//! Usage from S3 and Athena, as moto has them, and notices to SNS.

use menagerie_tests::http::{Request, call};
use serde_json::{Value, json};

use crate::both;
use crate::place::Place;
use crate::store::{ROLE, ago, event, log};
use crate::world::World;

both!(logs_of_several_layouts_are_read_from_s3, days_are_read_from_athena, a_topic_gets_the_notices);

fn logs_of_several_layouts_are_read_from_s3(place: &Place) {
    let world = World::new("bucket", place, json!({ "connection_iam": { "region": "us-east-1" } }));
    let bucket = world.namespace.name("trail");
    world.moto.create_bucket(&bucket);
    let put = |base: &str, account: &str, kind: &str, region: &str, days: i64, unique: &str| {
        let day = ago(days, "10:00:00");
        let path = day[..10].replace('-', "/");
        let name = format!("{account}_{kind}_{region}_{}T1005Z_{unique}.json.gz", day[..10].replace('-', ""));
        let events = [event(&day, "s3.amazonaws.com", "ListBuckets")];
        world.moto.put_object(&bucket, &format!("{base}AWSLogs/{account}/{kind}/{region}/{path}/{name}"), log(&events));
    };
    put("", "111122223333", "CloudTrail", "us-east-1", 2, "a");
    put("", "111122223333", "CloudTrail", "us-east-1", 1, "b");
    put("", "111122223333", "CloudTrail", "eu-west-1", 1, "c");
    put("", "444455556666", "CloudTrail", "us-east-1", 1, "d");
    put("", "o-abcdefghij/111122223333", "CloudTrail", "us-east-1", 1, "no name");
    put("deep/prefix/", "111122223333", "CloudTrail", "us-east-1", 1, "e");
    // What is too old, no log, or another service's is not read.
    put("", "111122223333", "CloudTrail", "us-east-1", 600, "old");
    put("", "111122223333", "CloudTrail-Digest", "us-east-1", 1, "digest");
    world.moto.put_object(&bucket, "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/01/01/x.log.gz", "x");
    world.moto.put_object(&bucket, "AWSLogs/111122223333/CloudTrail/", "");
    let add = |prefix: &str| world.json(&["usage", "add", &format!("s3://{bucket}/{prefix}")]);
    let added = add("AWSLogs/111122223333/");
    assert_eq!((added["read"].as_u64(), added["known"].as_u64()), (Some(3), Some(0)), "{added}");
    let added = add("");
    assert_eq!((added["known"].as_u64(), added["faults"].as_u64()), (Some(3), Some(0)), "{added}");
    assert_eq!(add("")["read"].as_u64(), Some(0), "an object is read once");
    let uses = world.json(&["usage", "show", ROLE]);
    assert_eq!(uses["uses"][0]["count"].as_u64(), Some(3 + added["read"].as_u64().expect("a number")), "{uses}");
    assert!(added["read"].as_u64() >= Some(2), "{added}");
    // One that is written over is read again.
    let before = uses["uses"][0]["count"].as_u64().expect("a number");
    let key = world.moto.keys(&bucket, "deep/").pop().expect("is there");
    world.moto.put_object(&bucket, &key, log(&[event(&ago(1, "12:00:00"), "sqs.amazonaws.com", "ListQueues")]));
    let added = add("deep/");
    assert_eq!((added["read"].as_u64(), added["changed"].as_u64()), (Some(1), Some(1)), "{added}");
    let uses = world.json(&["usage", "show", ROLE]);
    let counts: Vec<_> = uses["uses"].as_array().expect("a list").iter().filter_map(|one| one["count"].as_u64()).collect();
    assert_eq!(counts, [before, 1], "{uses}");
    let missing = world.run(&["usage", "add", "s3://no-such-bucket-anywhere/x"]);
    assert_eq!(missing.status, Some(2), "{}", missing.text());
}

fn days_are_read_from_athena(place: &Place) {
    let world = World::new("athena", place, json!({ "connection_iam": { "region": "us-east-1" } }));
    let (first, second) = (ago(3, "00:00:00")[..10].to_owned(), ago(2, "00:00:00")[..10].to_owned());
    let row = |day: &str, source: &str, name: &str, error: &str, arns: &str, count: u64| {
        let session = "arn:aws:sts::111122223333:assumed-role/app/s";
        let span = format!("{day}T01:00:00Z {day}T09:00:00Z");
        let count = count.to_string();
        let cells =
            [day, "AssumedRole", session, "111122223333", "", "", "Role", ROLE, source, name, "us-east-1", error, arns, &span, &count];
        json!({ "Data": cells.map(|cell| json!({ "VarCharValue": cell })) })
    };
    let rows = [
        json!({ "Data": (0..15).map(|at| json!({ "VarCharValue": format!("column{at}") })).collect::<Vec<_>>() }),
        row(&first, "s3.amazonaws.com", "ListBuckets", "", "[]", 7),
        row(&first, "dynamodb.amazonaws.com", "DescribeTable", "", r#"["arn:aws:dynamodb:us-east-1:111122223333:table/t"]"#, 2),
        row(&first, "sqs.amazonaws.com", "ListQueues", "AccessDenied", "[]", 5),
        row(&second, "lambda.amazonaws.com", "CreateFunction20150331", "", "[]", 1),
    ];
    let results = json!({ "results": [{ "rows": rows, "column_info": [] }] });
    let address = world.moto.endpoint().trim_start_matches("http://").parse().expect("an address");
    let path = "/moto-api/static/athena/query-results";
    let canned = Request::new("POST", path, results.to_string()).header("content-type", "application/json");
    assert_eq!(call(address, &canned).expect("answers").status, 201);
    let add = || world.json(&["usage", "add", "athena://default/cloudtrail_logs?output=s3://out/", "--since", &first]);
    let added = add();
    let days = added["read"].as_u64().expect("a number");
    assert!((2..=3).contains(&days), "yesterday counts once its last events are delivered: {added}");
    assert_eq!(added["events"].as_u64(), Some(15), "{added}");
    let uses = world.json(&["usage", "show", ROLE]);
    let find = |action: &str| uses["uses"].as_array().expect("a list").iter().find(|one| one["action"] == action).cloned();
    let buckets = find("s3:ListAllMyBuckets").expect("was used");
    assert_eq!((&buckets["count"], &buckets["first"]), (&json!(7), &json!(format!("{first}T01:00:00Z"))), "{uses}");
    let table = find("dynamodb:DescribeTable").expect("was used");
    assert_eq!(table["resource"], json!("arn:aws:dynamodb:us-east-1:111122223333:table/t"));
    assert!(find("iam:PassRole").is_some(), "which role was handed over is not told, so it counts for any: {uses}");
    assert_eq!(find("sqs:ListQueues").expect("was asked for")["outcome"], json!("denied"));
    // A day that was read is not asked for again: there is no other answer to give.
    let again = add();
    assert_eq!((again["read"].as_u64(), again["known"].as_u64()), (Some(0), Some(days)), "{again}");
}

fn a_topic_gets_the_notices(place: &Place) {
    let world = World::new("topic", place, json!({}));
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject","sqs:SendMessage"],"Resource":"*"}]}"#;
    let (account, arn) = (world.account.as_str(), world.role("reader", &[("data", policy)]));
    let advisor = world.advisor(&[(&arn, &[("s3", true), ("sqs", false)])]);
    let sns = |action: &str, parameters: &[(&str, &str)]| world.moto.query("sns", "2010-03-31", action, parameters);
    let topic = sns("CreateTopic", &[("Name", &world.namespace.name("topic"))]);
    let topic = crate::world::between(&topic, "<TopicArn>", "</TopicArn>").to_owned();
    let queue = world.moto.create_queue(&world.namespace.name("queue"));
    let queue_arn = format!("arn:aws:sqs:us-east-1:123456789012:{}", queue.rsplit('/').next().expect("a name"));
    let _ = sns("Subscribe", &[("TopicArn", &topic), ("Protocol", "sqs"), ("Endpoint", &queue_arn)]);
    let mut command = world.command(&["run", "--account", account, "--access-advisor", &advisor, "-c"]);
    // A place that cannot be reached stops nothing.
    command.env("REPOKID_SNS_TOPIC", &topic).env("REPOKID_WEBHOOK", "http://127.0.0.1:1/s3cret");
    let done = menagerie_tests::process::run(command, b"");
    assert_eq!(done.status, Some(2), "{}{}", done.text(), done.stderr);
    assert!(done.text().contains("1 changed") && done.stderr.contains("the webhook") && !done.stderr.contains("s3cret"), "{}", done.stderr);
    let parameters = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10 });
    let answer = world.moto.json("sqs", "AmazonSQS.ReceiveMessage", &parameters);
    let notices: Vec<Value> = answer["Messages"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|message| {
            let body: Value = serde_json::from_str(message["Body"].as_str().expect("a text")).expect("is JSON");
            serde_json::from_str(body["Message"].as_str().expect("a text")).expect("is JSON")
        })
        .collect();
    let mut moments: Vec<_> = notices.iter().map(|notice| notice["moment"].as_str().expect("a text")).collect();
    moments.sort_unstable();
    assert_eq!(moments, ["after", "before"], "{notices:?}");
    let before = notices.iter().find(|notice| notice["moment"] == "before").expect("is there");
    assert_eq!(before["roles"][0]["permissions"], json!(["sqs"]), "{before}");
}
