//! Policy documents: what is read is printed to the letter, means the same written anew, and is JSON; an edit of any statement
//! leaves the others as they are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_policy::document::Policy;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(policy) = Policy::parse(text) else { return };
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    assert_eq!(policy.text(), text);
    assert!(policy.size() <= text.len());
    let canonical = Policy::parse(&policy.to_canonical_text()).expect("what is written anew is read");
    assert_eq!(canonical, policy);
    let Some(last) = policy.statements().len().checked_sub(1) else { return };
    let changed = policy.edit().replace_actions(last, ["s3:GetObject", "sqs:*"]).finish().expect("there is such a statement");
    let dropped = policy.edit().drop_statement(last).finish().expect("there is such a statement");
    let added = dropped.edit().add_statement(policy.statements()[last].text()).finish().expect("it is a statement");
    assert_eq!(added.statements(), policy.statements());
    for (index, statement) in policy.statements()[..last].iter().enumerate() {
        assert_eq!(changed.statements()[index].text(), statement.text());
        assert_eq!(dropped.statements()[index].text(), statement.text());
    }
});
