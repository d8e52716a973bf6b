//! A real PostgreSQL server.

use std::time::Duration;

use menagerie_tests::Postgres;

use super::*;

fn server(url: &str, sample: Sample, change: impl FnOnce(&mut Server)) -> BTreeMap<String, Table> {
    let mut server = Server::new(url).unwrap();
    change(&mut server);
    let mut result = Ok(ControlFlow::Continue(()));
    let tables = collect(|visit| result = open_server(&server, sample, Bounds { cell: 1000, ..Bounds::default() }, visit));
    assert_eq!(result, Ok(ControlFlow::Continue(())));
    tables
}

#[test]
fn a_server_shows_the_tables_of_its_users_and_is_not_changed() {
    let postgres = Postgres::start();
    postgres.sql(
        "CREATE TABLE people (id int, mail text, born date, photo bytea, extra jsonb, tags text[], price numeric(9,2));
         INSERT INTO people VALUES (1, 'a@example.com', '2001-02-03', '\\x00ff', '{\"k\": 1}', '{x,y}', 1.25), (2, NULL, NULL, NULL, NULL, NULL, NULL);
         INSERT INTO people (id, mail) VALUES (3, repeat('l', 100000));
         CREATE SCHEMA other; CREATE TABLE other.\"odd \"\" name\" (\"a b\" varchar(10)); INSERT INTO other.\"odd \"\" name\" VALUES ('here');
         CREATE TABLE parts (n int) PARTITION BY RANGE (n); CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10); INSERT INTO parts VALUES (5);
         CREATE TABLE many AS SELECT n FROM generate_series(0, 199999) n; ANALYZE many;
         CREATE TABLE log (t text);
         CREATE FUNCTION hurt() RETURNS text LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.log VALUES (1); RETURN 1; END';
         CREATE VIEW spy AS SELECT hurt();
         CREATE TYPE own AS (a int); CREATE FUNCTION cast_own(own) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM public.hurt(); RETURN 1; END';
         CREATE CAST (own AS text) WITH FUNCTION cast_own(own); CREATE TABLE owned (o own); INSERT INTO owned VALUES (ROW(7));",
    );
    let tables = server(&postgres.url(), Sample::All, |_| {});
    let names: Vec<_> = tables.keys().map(String::as_str).collect();
    assert_eq!(names, ["other.odd \" name", "public.log", "public.many", "public.owned", "public.parts_1", "public.people"]);
    let people = &tables["public.people"];
    assert_eq!(
        people.columns.iter().map(|column| column.kind.as_str()).collect::<Vec<_>>(),
        ["integer", "text", "date", "bytea", "jsonb", "text[]", "numeric(9,2)"]
    );
    let first: Vec<_> = people.cells.iter().filter(|cell| cell.1 == 0).map(|cell| cell.4.as_slice()).collect();
    assert_eq!(first, [&b"1"[..], b"a@example.com", b"2001-02-03", b"\x00\xff", b"{\"k\": 1}", b"{x,y}", b"1.25"]);
    assert_eq!(people.summary.columns[1], Tally { values: 2, nulls: 1, cut: 1 });
    assert_eq!((people.summary.rows, people.values("mail")[1].len()), (Some(3), 1000));
    assert_eq!(tables["other.odd \" name"].values("a b"), ["here"]);
    assert_eq!(tables["public.owned"].values("o"), ["(7)"]);
    assert_eq!(postgres.sql("SELECT count(*) FROM log"), "0", "no function of a table's owner was run");

    let sampled = |sample, large| server(&postgres.url(), sample, |server| server.large = large).remove("public.many").unwrap();
    assert_eq!(sampled(Sample::First(3), 1_000_000).values("n"), ["0", "1", "2"]);
    assert_eq!(sampled(Sample::Spread(4), 1_000_000).values("n"), ["0", "50000", "100000", "150000"]);
    let by_server = sampled(Sample::Spread(1000), 100_000);
    assert!((300..=1000).contains(&by_server.summary.sampled), "{:?}", by_server.summary);
    assert_eq!(by_server.values("n"), sampled(Sample::Spread(1000), 100_000).values("n"), "no chance in it");

    postgres
        .sql("CREATE ROLE reader LOGIN PASSWORD 'p'; GRANT SELECT ON many, owned TO reader; ALTER TABLE owned ENABLE ROW LEVEL SECURITY");
    let tables = server(&postgres.url_of("reader", "p"), Sample::First(1), |_| {});
    assert_eq!(tables["public.people"].summary.failure, Some(Failure::Denied));
    assert_eq!(tables["public.owned"].summary.failure, Some(Failure::Denied), "rows that would be hidden are told");
    assert_eq!(tables["public.many"].values("n"), ["0"], "one table's failure is not another's");
    let slow = server(&postgres.url(), Sample::All, |server| server.timeout = Duration::from_millis(5));
    assert_eq!(slow["public.many"].summary.failure, Some(Failure::TimedOut));
}

#[test]
fn a_server_that_is_not_there_or_refuses_is_a_failure_without_the_password() {
    let postgres = Postgres::start();
    let port = menagerie_tests::process::free_port();
    for url in [postgres.url_of("tests", "wrong-secret"), format!("postgresql://tests:wrong-secret@127.0.0.1:{port}/postgres")] {
        let server = Server::new(&url).unwrap();
        let failed = open_server(&server, Sample::All, Bounds::default(), &mut |_| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(failed, Failure::Server);
        assert!(!format!("{server:?} {failed:?} {failed}").contains("wrong-secret"));
    }
    for (url, failure) in [
        ("postgresql://u:p@192.0.2.1/db", Failure::NeedsTls),
        ("postgresql://u:p@127.0.0.1/db?sslmode=require", Failure::NeedsTls),
        ("no url", Failure::Unknown),
    ] {
        assert_eq!(Server::new(url).unwrap_err(), failure, "{url}");
    }
    Server::new("postgresql://u:p@192.0.2.1/db?sslmode=disable").expect("asked for");
}
