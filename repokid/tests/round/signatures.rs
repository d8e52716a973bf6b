//! Signatures of digests in the usage store and in rounds: of a folder with keys from a file, and of a bucket with those that CloudTrail
//! answers. moto has no `ListPublicKeys`: a server of ours answers as AWS's API reference has it.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use menagerie_tests::DigestSigner;
use menagerie_tests::http::{Request, Response, Server};
use serde_json::{Value, json};

use crate::both;
use crate::complete::{HOURS, Logs, REGIONS, config, rows, scheduled};
use crate::place::Place;
use crate::world::World;

both!(
    a_folder_is_checked_by_keys_of_a_file,
    a_bucket_is_checked_by_what_cloudtrail_answers,
    where_keys_are_refused_digests_count_as_before
);

const FINGERPRINT: &str = "8eba5db5bea9b640d1c96a77256fe7f2";
const PROVED: [&str; 2] = ["ec2:createvpc", "sqs"];

/// Signs the folder; gives each digest's name with its signature.
fn sign(logs: &Logs<'_>, signer: &DigestSigner) -> Vec<(String, String)> {
    let mut signatures = Vec::new();
    for region in REGIONS {
        let mut before = None;
        for back in (0..HOURS).rev() {
            let name = logs.digest_name(region, back);
            let path = logs.world.namespace.file(&format!("logs/{name}"));
            let unsigned: Value = serde_json::from_slice(&std::fs::read(&path).expect("is there")).expect("is JSON");
            let signed = signer.sign(unsigned, before.as_ref());
            std::fs::write(&path, &signed.text).expect("is written");
            signatures.push((name, signed.signature.clone()));
            before = Some(signed);
        }
    }
    signatures
}

fn answer(signer: &DigestSigner) -> Value {
    signer.answer("2020-01-01T00:00:00Z", "2199-01-01T00:00:00Z")
}

fn a_folder_is_checked_by_keys_of_a_file(place: &Place) {
    let world = World::new("signed", place, config());
    let advisor = rows(&world);
    // The newest digest of a folder proves nothing: the logs reach an hour further for it.
    let logs = Logs::new(&world, -3);
    let signer = DigestSigner::new(FINGERPRINT);
    let _ = sign(&logs, &signer);
    let keys = world.namespace.write("keys.json", answer(&signer).to_string()).display().to_string();
    let changed = world.namespace.file(&format!("logs/{}", logs.digest_name("ap-south-1", 9)));
    let whole = std::fs::read(&changed).expect("is there");
    std::fs::write(&changed, [whole.as_slice(), b"\n"].concat()).expect("is written");
    let folder = world.namespace.file("logs").display().to_string();
    let added = world.run(&["usage", "add", &folder, "--trail", &logs.trail(), "--public-keys", &keys]);
    assert_eq!(added.status, Some(2), "{}", added.stderr);
    let name = logs.digest_name("ap-south-1", 9);
    assert!(added.stderr.contains(&name) && added.stderr.contains("its signature is not of what it holds"), "{}", added.stderr);
    let (permissions, problems) = scheduled(&world, &advisor);
    assert_eq!(permissions, json!(["sqs"]));
    assert!(problems.contains("a digest is not what CloudTrail signed") && problems.contains(&name), "{problems}");

    // What was delivered is put back. Without keys it waits for them; with them all is proved.
    std::fs::write(&changed, whole).expect("is written");
    let added = world.run(&["usage", "add", &folder]).success();
    assert!(added.stderr.contains("digests of ap-northeast-1, ") && added.stderr.contains("give --public-keys"), "{}", added.stderr);
    assert_eq!(scheduled(&world, &advisor).0, json!(["sqs"]), "it waits");
    logs.add(&["--public-keys", &keys]);
    assert_eq!(scheduled(&world, &advisor), (json!(PROVED), "[]".to_owned()));
}

/// Puts the folder in a bucket, digests with their signatures.
fn put(world: &World<'_>, bucket: &str, signatures: &[(String, String)]) {
    world.moto.create_bucket(bucket);
    for file in std::fs::read_dir(world.namespace.file("logs")).expect("is there") {
        let path = file.expect("is read").path();
        let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
        let bytes = std::fs::read(&path).expect("is read");
        match signatures.iter().find(|(of, _)| *of == name) {
            Some((_, signature)) => world.moto.put_object_with(bucket, &format!("copy/{name}"), bytes, ("signature", signature)),
            None => drop(world.moto.put_object(bucket, &format!("copy/{name}"), bytes)),
        }
    }
}

/// `ListPublicKeys`, a page with nothing and one with the key; notes the Regions and the spans that it is asked for.
fn cloudtrail(answer: Value, asked: Arc<Mutex<Vec<(String, f64, f64)>>>) -> Server {
    Server::start(move |request: Request| {
        assert!(request.value("x-amz-target").is_some_and(|target| target.ends_with(".ListPublicKeys")), "{request:?}");
        let body: Value = serde_json::from_slice(&request.body).expect("is JSON");
        let scope = request.value("authorization").expect("is signed").split('/').nth(2).expect("a Region").to_owned();
        let answer = if body["NextToken"].is_null() {
            let times = (body["StartTime"].as_f64().expect("a time"), body["EndTime"].as_f64().expect("a time"));
            asked.lock().expect("no test panics with it").push((scope, times.0, times.1));
            json!({ "PublicKeyList": [], "NextToken": "1" })
        } else {
            let mut answer = answer.clone();
            for name in ["ValidityStartTime", "ValidityEndTime"] {
                let time: Timestamp = answer["PublicKeyList"][0][name].as_str().expect("a text").parse().expect("a time");
                answer["PublicKeyList"][0][name] = json!(time.as_second());
            }
            answer
        };
        Some(Response::new(200, answer.to_string()).header("content-type", "application/x-amz-json-1.1"))
    })
}

fn add(world: &World<'_>, server: &Server, arguments: &[&str]) -> menagerie_tests::process::Finished {
    let mut command = world.command(&[&["usage", "add"], arguments].concat());
    command.env("AWS_ENDPOINT_URL_CLOUDTRAIL", server.url());
    menagerie_tests::process::run(command, b"")
}

fn a_bucket_is_checked_by_what_cloudtrail_answers(place: &Place) {
    let world = World::new("signedbucket", place, config());
    let advisor = rows(&world);
    let logs = Logs::new(&world, -2);
    let signer = DigestSigner::new(FINGERPRINT);
    let mut signatures = sign(&logs, &signer);
    // One is an orphan: nobody carries its signature, and its object's is another's.
    let newest = logs.digest_name("eu-west-1", 0);
    let wrong = signatures.iter().find(|(name, _)| *name != newest).expect("is there").1.clone();
    let right = signatures.iter_mut().find(|(name, _)| *name == newest).expect("is there");
    let right = std::mem::replace(&mut right.1, wrong);
    let bucket = world.namespace.name("trail");
    put(&world, &bucket, &signatures);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let server = cloudtrail(answer(&signer), Arc::clone(&asked));
    let all = format!("s3://{bucket}/copy/");
    let added = add(&world, &server, &[&all, "--trail", &logs.trail()]);
    assert_eq!(added.status, Some(2), "{}", added.stderr);
    assert!(added.stderr.contains(&newest) && added.stderr.contains("its signature is not of what it holds"), "{}", added.stderr);
    // Its hour is not looked at: what is proved is of the time before it. But it is told.
    let (permissions, problems) = scheduled(&world, &advisor);
    assert_eq!(permissions, json!(PROVED));
    assert!(problems.contains(&newest) && problems.contains("its signature is not of what it holds"), "{problems}");
    {
        let mut asked = asked.lock().expect("no test panics with it");
        let regions: Vec<_> = asked.iter().map(|(region, _, _)| region.as_str()).collect();
        assert_eq!(regions, REGIONS, "a Region's keys are its own");
        let reach = asked[0].2 - asked[0].1;
        assert!(reach > f64::from(3600 * 27), "from the first digest to now: {reach}");
        asked.clear();
    }
    // It is put as it was delivered: the newest brings its own signature, and all is proved.
    let bytes = std::fs::read(world.namespace.file(&format!("logs/{newest}"))).expect("is read");
    world.moto.put_object_with(&bucket, &format!("copy/{newest}"), [bytes.as_slice(), b" "].concat(), ("signature", &right));
    let added = add(&world, &server, &[&all]);
    assert_eq!((added.status, added.stderr.contains("copy/")), (Some(2), true), "{}", added.stderr);
    assert_eq!(add(&world, &server, &[&all]).status, Some(0), "the same failure is told once");
    world.moto.put_object_with(&bucket, &format!("copy/{newest}"), bytes, ("signature", &right));
    let added = add(&world, &server, &[&all]);
    assert_eq!(added.status, Some(0), "{}", added.stderr);
    assert_eq!(scheduled(&world, &advisor), (json!(PROVED), "[]".to_owned()));
    // All is settled: there is nothing to ask for.
    asked.lock().expect("no test panics with it").clear();
    assert_eq!(add(&world, &server, &[&all]).status, Some(0));
    assert!(asked.lock().expect("no test panics with it").is_empty());
}

fn where_keys_are_refused_digests_count_as_before(place: &Place) {
    let world = World::new("refused", place, config());
    let advisor = rows(&world);
    let logs = Logs::new(&world, -2);
    let bucket = world.namespace.name("trail");
    put(&world, &bucket, &[]);
    let server = Server::start(|_| {
        let refusal = json!({ "__type": "AccessDeniedException", "Message": "not authorized to perform: cloudtrail:ListPublicKeys" });
        Some(Response::new(400, refusal.to_string()).header("content-type", "application/x-amz-json-1.1"))
    });
    let added = add(&world, &server, &[&format!("s3://{bucket}/copy/"), "--trail", &logs.trail()]);
    assert_eq!(added.status, Some(0), "{}", added.stderr);
    assert!(added.stderr.contains("are not checked, and they count without") && added.stderr.contains("eu-west-1"), "{}", added.stderr);
    assert_eq!(scheduled(&world, &advisor), (json!(PROVED), "[]".to_owned()));
}
