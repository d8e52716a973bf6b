//! The sealing key turned by several processes at once, while others seal under it.

use menagerie_tests::process::Finished;

use super::house::House;

const ROUNDS: usize = 16;

/// A rotation was done, or refused because another was under way.
#[track_caller]
fn was_done(rotated: &Finished) -> bool {
    let done = rotated.status == Some(0);
    let refused = rotated.status == Some(2) && rotated.stderr.contains("is being changed by another process");
    assert!(done || (refused && rotated.stderr.trim().lines().count() == 1), "{:?}: {}", rotated.status, rotated.stderr);
    done
}

#[test]
fn rotations_at_once_lose_no_key() {
    let house = House::new();
    house.done("authority create root --common-name Root");
    let mut issued = Vec::new();
    for round in 0..ROUNDS {
        let (rotated, files) = std::thread::scope(|threads| {
            let rotated = [(); 3].map(|()| threads.spawn(|| house.lemur(["key", "rotate"])));
            let files = house.done(&format!("certificate issue --authority root --name n{round}.corp.example --out ."));
            (rotated.map(|one| one.join().unwrap()), files)
        });
        assert!(rotated.each_ref().map(was_done).contains(&true), "round {round}: one of them is done: {rotated:?}");
        issued.push(files.lines().nth(1).unwrap().to_owned());
    }
    house.done("authority list");
    for (round, key) in issued.iter().enumerate() {
        house.done(&format!("certificate export {} --format pem --out exported.pem --force", round + 2));
        assert!(house.read("exported.pem").contains(house.read(key).trim()), "round {round}");
    }
    // While another changes the file, none is begun; what only reads goes on.
    let lock = std::fs::File::open(house.file("data/lemur.key.lock")).unwrap();
    lock.lock().unwrap();
    let before = house.read("data/lemur.key");
    house.refuses("key rotate", "lemur.key is being changed by another process: do it again when that is done");
    house.done("authority list");
    assert_eq!(house.read("data/lemur.key"), before);
    drop(lock);
    // What may be in use is kept for a minute, and dropped by the next rotation.
    let file = house.file("data/lemur.key");
    let keys = || house.read("data/lemur.key").lines().count() - 1;
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(61);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
    house.done("key rotate");
    assert_eq!(keys(), 2);
    house.done("certificate export 2 --format pem --out exported.pem --force");
}
