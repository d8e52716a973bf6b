//! Every operation of botocore's models resolves, as CloudTrail names it, to actions, to no permission needed, or to an explicit unknown. The
//! models are read anew from the package in the tests' virtual environment, past the generator that made the tables from them.

use menagerie_policy::data::{How, Operation, Unknown, catalogue};
use menagerie_tests::venv_program;
use std::process::Command;

/// Prints the version, then a line for each operation: the endpoint prefix of its service, and its name on the wire.
const LIST: &str = r#"
import botocore, glob, gzip, json, os
print(botocore.__version__)
for path in sorted(glob.glob(os.path.join(os.path.dirname(botocore.__file__), "data", "*", "*", "service-2.json.gz"))):
    with gzip.open(path) as file:
        model = json.load(file)
    for operation in model["operations"].values():
        print(model["metadata"]["endpointPrefix"], operation["name"], sep="\t")
"#;

#[test]
fn every_operation_of_the_sdk_resolves() {
    let output = Command::new(venv_program("python")).args(["-c", LIST]).output().expect("python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("python prints UTF-8");
    let mut lines = text.lines();
    let ours = catalogue().versions().iter().find(|version| version.package == "botocore").expect("the tables are made of botocore");
    let theirs = lines.next().expect("the version comes first");
    assert_eq!(ours.version, theirs, "the tables are of another botocore than tests/requirements.txt: pin the same, and run `make data`");

    let (mut all, mut unknown) = (0_u32, 0_u32);
    for line in lines {
        let (endpoint, name) = line.split_once('\t').expect("an endpoint and an operation");
        all += 1;
        match catalogue().operation(&format!("{endpoint}.amazonaws.com"), name) {
            Operation::Unknown(Unknown::Source | Unknown::Name) => panic!("nothing is known of {line}"),
            Operation::Unknown(Unknown::Actions(_)) => unknown += 1,
            Operation::Free(call) => assert_eq!(call.actions().count(), 0, "{line}"),
            Operation::Authorised(call) => {
                assert!(call.actions().any(|action| action.how != How::Dependent), "{line}");
                for action in call.actions() {
                    assert!(catalogue().action(action.service, action.name).is_some(), "{line} names {}:{}", action.service, action.name);
                }
            }
        }
    }
    assert!(all >= 19_800, "{all} operations");
    assert!(unknown * 25 < all, "{unknown} of {all} are unknown");
}
