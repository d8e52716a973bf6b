//! Code that owns policies: Terraform's sources and state, CloudFormation's templates in JSON and YAML, the map that a person writes. A change
//! that is made in code reads there as it is meant, and is made once.
#![no_main]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use menagerie_policy::document::Policy;
use repokid::account::{Inventory, read};
use repokid::analysis::Place;
use repokid::iac::{Map, Sources, State};
use repokid::rewrite::{Change, Narrowed, Piece, Selection};

const OLD: &str = r#"{"Statement":[{"Effect":"Allow","Action":["s3:*","sqs:SendMessage"],"Resource":"*"},{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}"#;
const NEW: &str = r#"{"Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"*"}]}"#;
const DETAILS: &str = r#"{"RoleDetailList":[{"Path":"/","RoleName":"app","RoleId":"AROA1","Arn":"arn:aws:iam::111122223333:role/app","CreateDate":"2020-01-01T00:00:00Z","Tags":[{"Key":"aws:cloudformation:logical-id","Value":"App"}],"RolePolicyList":[],"AttachedManagedPolicies":[]}]}"#;

static INVENTORY: LazyLock<Inventory> = LazyLock::new(|| read(DETAILS, "details").inventory);
static OLD_POLICY: LazyLock<Policy> = LazyLock::new(|| Policy::parse(OLD).expect("a policy"));

fn narrowed() -> Narrowed {
    let piece = Piece { actions: Some(Selection::Only(vec!["s3:GetObject".to_owned()])), resources: None };
    Narrowed { changes: vec![Change::Replace(vec![piece]), Change::Drop], text: Some(NEW.to_owned()), removed: Vec::new() }
}

fn code(path: &str, text: &str) {
    let role = &INVENTORY.principals[0];
    let mut sources = Sources::of([(PathBuf::from(path), text.to_owned())]);
    for name in ["access", "App"] {
        let place = Place::Inline(name);
        let Ok(site) = sources.find(role, place, &OLD_POLICY, None, None) else { continue };
        let before = sources.text(Path::new(path)).map(str::to_owned);
        if sources.change(&site, &OLD_POLICY, &narrowed()).is_ok() {
            assert!(!sources.diff().is_empty());
            assert!(sources.find(role, place, &OLD_POLICY, None, None).is_err(), "what was changed is the old no more");
        } else {
            assert_eq!(sources.text(Path::new(path)).map(str::to_owned), before, "a change that is refused leaves no trace");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match which % 5 {
        0 => code("main.tf", text),
        1 => code("stack.json", text),
        2 => code("stack.yaml", text),
        3 => {
            let mut state = State::default();
            if state.add(text).is_ok() {
                let _ = state.of(&INVENTORY.principals[0], Place::Inline("access"));
            }
        }
        _ => {
            if let Ok(map) = Map::parse(text) {
                let _ = map.of_arn("arn:aws:iam::111122223333:role/app");
            }
        }
    }
});
