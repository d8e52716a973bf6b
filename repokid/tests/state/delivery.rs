//! What is kept of what trails delivered: in whatever order files come, and for as long as it is wanted.

use jiff::Timestamp;
use menagerie_cloudtrail::coverage::{Change, ChangeKind};
use menagerie_cloudtrail::digest::{Digest, LogFile};
use menagerie_cloudtrail::selectors::Trails;
use menagerie_cloudtrail::signature::Standing;
use repokid::state::{Absorbed, Damage, Delivered, DeliveredLog, Kept, MOST_RESOURCES, State, Taken, UsageTuple};

use crate::place::Place;
use crate::usage::{file, tuple};
use crate::{contract, hours, now};

contract!(
    a_log_file_settles_what_its_digest_names,
    hours_add_up,
    a_file_is_damaged_until_it_is_whole,
    a_place_counts_when_it_was_read_to_its_end,
    what_contradicts_what_was_told_is_a_change,
    since_when_the_same_is_told_is_kept,
    what_shows_changes_of_a_trail_of_another_account_is_kept,
    whoever_it_is_is_found_under_every_path,
    what_is_used_on_very_much_is_bounded,
    what_is_old_goes,
    whole_days_go,
    readers_at_once_settle_each_other,
);

const ACCOUNT: &str = "111122223333";
const TRAIL: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/main";

fn log_name(number: u32) -> String {
    format!("{ACCOUNT}_CloudTrail_us-east-1_20260115T{number:02}05Z_abc.json")
}

pub(crate) fn digest_name(hour: u32) -> String {
    format!("{ACCOUNT}_CloudTrail-Digest_us-east-1_main_us-east-1_20260115T{hour:02}0000Z.json")
}

/// A digest of an hour that names log files with hashes.
pub(crate) fn digest(hour: u32, logs: &[(u32, &str)]) -> Delivered {
    let end: Timestamp = format!("2026-01-15T{hour:02}:00:00Z").parse().expect("a time");
    let log_files = logs.iter().map(|(number, hash)| LogFile {
        object: format!("AWSLogs/x/{}.gz", log_name(*number)),
        hash_value: (*hash).to_owned(),
        oldest_event_time: None,
        newest_event_time: Some(end),
    });
    let digest = Digest {
        account: ACCOUNT.to_owned(),
        start: end - hours(1),
        end,
        object: format!("AWSLogs/{}.gz", digest_name(hour)),
        previous: None,
        previous_hash: None,
        log_files: log_files.collect(),
        seal: None,
        standing: Standing::Unchecked,
    };
    Delivered { digests: vec![digest], ..Delivered::default() }
}

fn log(hash: &str, hours: &[i64]) -> Delivered {
    let (account, region) = (ACCOUNT.to_owned(), "us-east-1".to_owned());
    let log = DeliveredLog { account, region, hash: hash.to_owned(), hours: hours.to_vec() };
    Delivered { log: Some(log), ..Delivered::default() }
}

pub(crate) async fn take(state: &State, name: &str, version: &str, delivered: &Delivered, tuples: &[UsageTuple]) -> Absorbed {
    let file = file(name, version);
    state.absorb(Taken { file: &file, tuples, delivered }).await.expect("is taken")
}

pub(crate) async fn kept(state: &State) -> Kept {
    state.deliveries(ACCOUNT, Timestamp::UNIX_EPOCH).await.expect("is read")
}

/// Of each digest, how many log files have not come.
async fn missing(state: &State) -> Vec<usize> {
    kept(state).await.digests.iter().map(|digest| digest.log_files.len()).collect()
}

async fn a_log_file_settles_what_its_digest_names(place: &Place) {
    let state = place.open().await;
    assert!(!state.has_logs(ACCOUNT).await.expect("is asked"));
    let path = |number: u32| format!("/somewhere/{}", log_name(number));
    take(&state, &path(1), "1", &log("aa", &[10]), &[]).await;
    take(&state, "d3", "1", &digest(3, &[(1, "aa"), (2, "bb")]), &[]).await;
    assert!(state.has_logs(ACCOUNT).await.expect("is asked"));
    assert_eq!(missing(&state).await, [1], "one came before its digest");
    // Another file of that name is not what was delivered.
    take(&state, &path(2), "1", &log("cc", &[10]), &[]).await;
    assert_eq!(missing(&state).await, [1]);
    take(&state, &format!("s3://b/{}.gz", log_name(2)), "1", &log("bb", &[10]), &[]).await;
    assert_eq!(missing(&state).await, [0], "wherever it is, and however it is packed");
    // What has come was read, whatever becomes of the file.
    take(&state, &path(1), "2", &log("zz", &[10]), &[]).await;
    assert_eq!(missing(&state).await, [0]);
    take(&state, "d4", "1", &digest(4, &[(7, "77")]), &[]).await;
    let kept = kept(&state).await;
    let awaited = &kept.digests[1].log_files[0];
    assert_eq!((awaited.object.as_str(), awaited.oldest_event_time), (log_name(7).as_str(), None));
    assert_eq!(awaited.newest_event_time, Some(kept.digests[1].end));
    assert_eq!(kept.digests[1].name().expect("a name").trail, Some("main"));
}

async fn hours_add_up(place: &Place) {
    let state = place.open().await;
    for (name, hours) in [("a", vec![47, 48]), ("b", vec![50]), ("c", vec![48, 71]), ("d", vec![-1])] {
        take(&state, name, "1", &log("aa", &hours), &[]).await;
        assert_eq!(take(&state, name, "1", &log("aa", &[1]), &[]).await, Absorbed::Known, "a file is taken once");
    }
    let found = state.deliveries(ACCOUNT, Timestamp::MIN).await.expect("is read").hours;
    assert_eq!(found["us-east-1"], [-1, 47, 48, 50, 71]);
    assert_eq!(kept(&state).await.hours["us-east-1"], [47, 48, 50, 71], "what is older does not matter");
}

async fn a_file_is_damaged_until_it_is_whole(place: &Place) {
    let state = place.open().await;
    let (named, other) = (format!("/logs/{}", log_name(1)), "/logs/x.json".to_owned());
    state.note_damaged(&[(named.clone(), Damage::Log)], now()).await.expect("is noted");
    take(&state, &other, "1", &Delivered { damage: Some(Damage::Perhaps), ..Delivered::default() }, &[]).await;
    assert_eq!(kept(&state).await.damaged, [(named.clone(), Damage::Log), (other.clone(), Damage::Perhaps)]);
    let of_another = state.deliveries("444455556666", Timestamp::UNIX_EPOCH).await.expect("is read").damaged;
    assert_eq!(of_another, [(other.clone(), Damage::Perhaps)], "what has no account may be of each");
    take(&state, &named, "1", &log("aa", &[1]), &[]).await;
    take(&state, &other, "2", &Delivered::default(), &[]).await;
    assert_eq!(kept(&state).await.damaged, []);
}

async fn a_place_counts_when_it_was_read_to_its_end(place: &Place) {
    let state = place.open().await;
    let damaged = async || kept(&state).await.damaged.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let of_region = format!("/logs/{}", log_name(1).replace("us-east-1", "af-south-1"));
    let lost = ["/logs/a.json", "/logs/b.json", "/logs2/c.json", of_region.as_str()].map(|name| (name.to_owned(), Damage::Log));
    state.begin_place("/logs", now()).await.expect("is noted");
    state.note_damaged(&lost, now()).await.expect("is noted");
    take(&state, "/logs/b.json", "1", &Delivered { damage: Some(Damage::Log), ..Delivered::default() }, &[]).await;
    assert_eq!(damaged().await.len(), 5);
    assert_eq!(kept(&state).await.places[0].1, "af-south-1", "that a Region has logs is known by the name");
    // Killed there, and begun anew: what is not looked for this time, or is there no more, is missing still.
    state.begin_place("/logs", now()).await.expect("is noted");
    assert_eq!(damaged().await.len(), 5);
    for name in ["/logs/a.json", of_region.as_str()] {
        take(&state, name, "1", &Delivered::default(), &[]).await;
    }
    assert_eq!(damaged().await, ["(not read to its end) /logs", "/logs/b.json", "/logs2/c.json"], "what is read whole is missing no more");
    state.end_place("/logs").await.expect("is noted");
    assert_eq!(damaged().await, ["/logs/b.json", "/logs2/c.json"]);
    for name in ["/logs/b.json", "/logs2/c.json"] {
        assert!(state.forget_file(name).await.expect("is forgotten"));
        assert!(!state.forget_file(name).await.expect("is asked"));
    }
    assert_eq!(damaged().await, Vec::<String>::new());
    assert!(!state.has_read("/logs/b.json", "1").await.expect("is asked"), "it is read again");
    state.begin_place("s3://b/x", now()).await.expect("is noted");
    assert!(state.forget_file("s3://b/x").await.expect("is forgotten"), "a place that is there no more");
    assert_eq!(damaged().await, Vec::<String>::new());
}

async fn what_contradicts_what_was_told_is_a_change(place: &Place) {
    let state = place.open().await;
    let tell = async |selectors: &str, at: Timestamp| {
        let text = format!(r#"{{"trailList":[{{"TrailARN":"{TRAIL}","IsMultiRegionTrail":true}}]}}{selectors}"#);
        state.tell_trails(&Trails::parse(&text).expect("is told"), at).await.expect("is kept");
        let kept = kept(&state).await;
        (kept.trails.len(), kept.trails[0].1, kept.changes.iter().map(|change| (change.kind, change.time)).collect::<Vec<_>>())
    };
    let writes = format!(r#"{{"TrailARN":"{TRAIL}","EventSelectors":[{{"ReadWriteType":"WriteOnly"}}]}}"#);
    let all = format!(r#"{{"TrailARN":"{TRAIL}","EventSelectors":[{{"ReadWriteType":"All"}}]}}"#);
    let (first, second, third) = (now(), now() + hours(1), now() + hours(2));
    assert_eq!(tell("", first).await, (1, first, vec![]));
    assert_eq!(tell(&writes, second).await, (1, second, vec![]), "more is known than before");
    assert_eq!(tell(&writes, third).await, (1, third, vec![]));
    assert_eq!(tell(&all, third + hours(1)).await, (1, third + hours(1), vec![(ChangeKind::Changed, third + hours(1))]));
}

async fn since_when_the_same_is_told_is_kept(place: &Place) {
    let state = place.open().await;
    let tell = async |more: &str, after: i64| {
        let text = format!(r#"{{"trailList":[{{"TrailARN":"{TRAIL}","IsMultiRegionTrail":true}}]}}{more}"#);
        state.tell_trails(&Trails::parse(&text).expect("is told"), now() + hours(after)).await.expect("is kept");
        kept(&state).await.unchanged[TRAIL]
    };
    let all = format!(r#"{{"TrailARN":"{TRAIL}","EventSelectors":[{{"ReadWriteType":"All"}}]}}"#);
    let writes = all.replace("All", "WriteOnly");
    let stopped = format!(r#"{all}{{"TrailARN":"{TRAIL}","IsLogging":false}}"#);
    for (more, at, since) in
        [("", 0, 0), (&*all, 1, 1), (&*all, 2, 1), (&*writes, 3, 3), (&*all, 4, 4), (&*all, 5, 4), (&*stopped, 6, 4), (&*all, 7, 7)]
    {
        assert_eq!(tell(more, at).await, now() + hours(since), "{more} at {at}");
    }
}

async fn what_shows_changes_of_a_trail_of_another_account_is_kept(place: &Place) {
    let state = place.open().await;
    let other = TRAIL.replace(ACCOUNT, "999988887777").replace("us-east-1", "eu-west-1");
    let text = format!(r#"{{"trailList":[{{"TrailARN":"{other}","IsOrganizationTrail":true}},{{"TrailARN":"{TRAIL}"}}]}}"#);
    state.tell_trails(&Trails::parse(&text).expect("is told"), now()).await.expect("is kept");
    let of = |region: &str, delivered: Delivered| {
        let log = delivered.log.map(|log| DeliveredLog { account: "999988887777".to_owned(), region: region.to_owned(), ..log });
        let name = |object: &str| object.replace(ACCOUNT, "999988887777").replace("Digest_us-east-1", &format!("Digest_{region}"));
        let renamed = |digest: Digest| Digest { account: "999988887777".to_owned(), object: name(&digest.object), ..digest };
        Delivered { log, digests: delivered.digests.into_iter().map(renamed).collect(), ..Delivered::default() }
    };
    for (number, region) in ["eu-west-1", "us-east-1"].into_iter().enumerate() {
        let hour = i64::try_from(number).expect("is small") + 5;
        take(&state, &format!("l{region}"), "1", &of(region, log("aa", &[hour])), &[]).await;
        take(&state, &format!("d{region}"), "1", &of(region, digest(3, &[])), &[]).await;
        let damaged = format!("/logs/{}", log_name(1).replace(ACCOUNT, "999988887777").replace("us-east-1", region));
        state.note_damaged(&[(damaged, Damage::Log)], now()).await.expect("is noted");
    }
    let kept = kept(&state).await;
    let [home] = kept.homes.as_slice() else { panic!("{:?}", kept.homes) };
    assert_eq!((home.account.as_str(), home.region.as_str(), home.hours.as_slice()), ("999988887777", "eu-west-1", &[5][..]));
    let regions: Vec<_> = home.digests.iter().filter_map(|digest| digest.name()).map(|name| name.region).collect();
    assert_eq!(regions, ["eu-west-1"]);
    assert_eq!((kept.digests.len(), kept.hours.len(), kept.damaged.len()), (0, 0, 1), "those of its own home Region alone");
    assert!(kept.damaged[0].0.contains("eu-west-1"));
}

async fn whoever_it_is_is_found_under_every_path(place: &Place) {
    let state = place.open().await;
    let of = |principal: &str| UsageTuple { principal: principal.to_owned(), ..tuple("s3:GetObject", 0, 0, 1) };
    let names = [
        "arn:aws:iam::111122223333:role/a/reader",
        "arn:aws:iam::111122223333:role/b/reader",
        "111122223333/reader",
        "arn:aws:iam::111122223333:user/reader",
        "arn:aws:iam::444455556666:role/reader",
        "AROAREADER",
    ];
    take(&state, "a", "1", &Delivered::default(), &names.map(of)).await;
    let under = async |name: &str| state.usage_under(name).await.expect("is read").len();
    assert_eq!(under("111122223333/reader").await, 3);
    assert_eq!(under("111122223333/user/reader").await, 1);
    assert_eq!((under("AROAREADER").await, under("nobody").await), (1, 0));
}

async fn what_is_used_on_very_much_is_bounded(place: &Place) {
    let state = place.open().await;
    let many = i64::try_from(MOST_RESOURCES).expect("is small") + 100;
    let on = |number: i64| UsageTuple { resource: format!("arn:aws:s3:::b/{number}"), ..tuple("s3:GetObject", 0, number, 1) };
    let tuples: Vec<_> = (0..many).map(on).chain([tuple("s3:PutObject", 0, 0, 1)]).collect();
    take(&state, "a", "1", &Delivered::default(), &tuples).await;
    let found = state.usage_under("111122223333/reader").await.expect("is read");
    let (gets, others): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.action == "s3:GetObject");
    assert_eq!((gets.len(), others.len()), (MOST_RESOURCES + 1, 1), "one more than are told apart");
    assert!(gets.iter().any(|one| one.last == now() + hours(many - 1)), "the last uses count");
}

async fn what_is_old_goes(place: &Place) {
    let state = place.open().await;
    let change = |kind, at| Change { time: now() + hours(at), trail: "main".to_owned(), account: ACCOUNT.to_owned(), kind };
    let hour = |at: i64| (now() + hours(at)).as_second().div_euclid(3600);
    let mut delivered = log("aa", &[hour(-100), hour(-1)]);
    delivered.changes = [
        change(ChangeKind::Started, -300),
        change(ChangeKind::Stopped, -200),
        change(ChangeKind::Stopped, -150),
        change(ChangeKind::Changed, -1),
    ]
    .into();
    delivered.digests = digest(3, &[(1, "bb")]).digests;
    let tuples = [tuple("s3:GetObject", -90, -80, 1), tuple("s3:PutObject", -90, -1, 1)];
    take(&state, "a", "1", &delivered, &tuples).await;
    state.note_damaged(&[("x.json".to_owned(), Damage::Log)], now() - hours(99)).await.expect("is noted");

    let pruned = state.prune_usage(now() - hours(50)).await.expect("is pruned");
    assert_eq!((pruned.uses, pruned.files), (1, 0));
    let left = state.usage_under("111122223333/reader").await.expect("is read");
    assert_eq!(left.iter().map(|one| one.action.as_str()).collect::<Vec<_>>(), ["s3:PutObject"]);
    let found = kept(&state).await;
    assert_eq!((found.hours["us-east-1"].as_slice(), found.digests.len(), found.damaged.len()), (&[hour(-1)][..], 1, 0));
    let kinds: Vec<_> = found.changes.iter().map(|change| change.kind).collect();
    assert_eq!(kinds, [ChangeKind::Started, ChangeKind::Stopped, ChangeKind::Changed], "it may be stopped still");

    let pruned = state.prune_usage(now() + hours(100)).await.expect("is pruned");
    assert_eq!((pruned.uses, pruned.files), (1, 1));
    let found = kept(&state).await;
    assert_eq!((found.hours.len(), found.digests.len(), found.places.len()), (0, 0, 0));
    assert_eq!(take(&state, "a", "1", &Delivered::default(), &[]).await, Absorbed::New, "a file that is still there is read again");
}

async fn whole_days_go(place: &Place) {
    let state = place.open().await;
    // Of the day in which the moment is, hours and uses stay, or both go.
    let morning = (now() - hours(12)).as_second().div_euclid(3600);
    let delivered = Delivered { digests: digest(3, &[]).digests, ..log("aa", &[morning]) };
    take(&state, "a", "1", &delivered, &[tuple("s3:GetObject", -12, -12, 1)]).await;
    let midnight = digest(0, &[]);
    take(&state, "b", "1", &midnight, &[tuple("s3:PutObject", -13, -13, 1)]).await;
    state.prune_usage(now()).await.expect("is pruned");
    let left = state.usage_under("111122223333/reader").await.expect("is read");
    assert_eq!(left.iter().map(|one| one.action.as_str()).collect::<Vec<_>>(), ["s3:GetObject"]);
    let found = kept(&state).await;
    assert_eq!(found.hours["us-east-1"], [morning]);
    assert_eq!(found.digests.iter().map(|digest| digest.start).collect::<Vec<_>>(), [delivered.digests[0].start]);
}

async fn readers_at_once_settle_each_other(place: &Place) {
    let mut tasks = tokio::task::JoinSet::new();
    for reader in 0..4 {
        let state = place.open().await;
        tasks.spawn(async move {
            for hour in 1..20 {
                // Each hour's digest comes from two readers, its log files from the two others.
                let delivered = match reader {
                    0 | 2 => digest(hour, &[(hour, "aa")]),
                    _ => log("aa", &[i64::from(hour)]),
                };
                let name = if reader % 2 == 0 { format!("d{hour}") } else { log_name(hour) };
                take(&state, &name, "1", &delivered, &[tuple("s3:GetObject", 0, 0, 1)]).await;
            }
        });
    }
    tasks.join_all().await;
    let state = place.open().await;
    assert_eq!(missing(&state).await, [0; 19]);
    assert_eq!(kept(&state).await.hours["us-east-1"], (1..20).collect::<Vec<_>>());
}
