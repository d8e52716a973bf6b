//! A small account, its logs, and the command that analyses them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

/// The end of the window of every run.
pub(crate) const AS_OF: &str = "2026-06-01";
pub(crate) const ACCOUNT: &str = "111122223333";

/// A folder with saved answers and logs.
pub(crate) struct Account {
    folder: TempDir,
    roles: Vec<Value>,
    users: Vec<Value>,
    events: Vec<Value>,
}

impl Account {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), roles: Vec::new(), users: Vec::new(), events: Vec::new() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A role with inline policies, by name.
    pub(crate) fn role(&mut self, account: &str, path: &str, name: &str, tags: &Value, policies: &[(&str, Value)]) {
        let inline: Vec<_> = policies.iter().map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": document })).collect();
        self.roles.push(json!({
            "Path": path, "RoleName": name, "RoleId": format!("AROA{}", self.roles.len()), "Arn": format!("arn:aws:iam::{account}:role{path}{name}"),
            "CreateDate": "2020-01-01T00:00:00Z", "Tags": tags, "RolePolicyList": inline, "AttachedManagedPolicies": [],
        }));
    }

    pub(crate) fn user(&mut self, name: &str, policies: &[(&str, Value)]) {
        let inline: Vec<_> = policies.iter().map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": document })).collect();
        self.users.push(json!({
            "Path": "/", "UserName": name, "UserId": format!("AIDA{}", self.users.len()), "Arn": format!("arn:aws:iam::{ACCOUNT}:user/{name}"),
            "CreateDate": "2020-01-01T00:00:00Z", "UserPolicyList": inline, "AttachedManagedPolicies": [], "GroupList": [],
        }));
    }

    /// A role calls an operation.
    pub(crate) fn call(&mut self, account: &str, path: &str, role: &str, source: &str, name: &str) {
        let number = self.events.len();
        self.events.push(json!({
            "eventVersion": "1.08", "eventTime": "2026-05-20T10:00:00Z", "eventSource": source, "eventName": name, "awsRegion": "us-east-1",
            "sourceIPAddress": "192.0.2.1", "userAgent": "test", "requestParameters": null, "responseElements": null, "eventID": format!("e{number}"),
            "eventType": "AwsApiCall", "managementEvent": true, "readOnly": true, "recipientAccountId": account, "eventCategory": "Management",
            "userIdentity": {
                "type": "AssumedRole", "principalId": "AROA0:s", "arn": format!("arn:aws:sts::{account}:assumed-role/{role}/s"), "accountId": account,
                "sessionContext": { "sessionIssuer": {
                    "type": "Role", "principalId": "AROA0", "arn": format!("arn:aws:iam::{account}:role{path}{role}"), "accountId": account, "userName": role,
                } },
            },
        }));
    }

    /// Analyses with these options, and finds something to change.
    pub(crate) fn analyze(&self, options: &[&str]) -> Output {
        self.analyze_with(options, 1)
    }

    /// Analyses with these options, which ends with this status.
    pub(crate) fn analyze_with(&self, options: &[&str], status: i32) -> Output {
        let details = json!({ "RoleDetailList": self.roles, "UserDetailList": self.users, "GroupDetailList": [], "Policies": [] });
        let details = self.write("details.json", &details.to_string());
        // In every account something else goes on.
        let accounts: BTreeSet<_> = self.roles.iter().chain(&self.users).filter_map(|one| one["Arn"].as_str()?.split(':').nth(4)).collect();
        let of_services = accounts.into_iter().map(|account| json!({
            "eventVersion": "1.08", "eventTime": "2026-05-20T09:00:00Z", "eventSource": "health.amazonaws.com", "eventName": "Notice",
            "awsRegion": "us-east-1", "eventID": account, "eventType": "AwsServiceEvent", "managementEvent": true, "readOnly": true,
            "recipientAccountId": account, "eventCategory": "Management", "userIdentity": { "type": "AWSService", "invokedBy": "health.amazonaws.com" },
        }));
        let events: Vec<_> = self.events.iter().cloned().chain(of_services).collect();
        let logs = self.write("logs/log.json", &json!({ "Records": events }).to_string());
        let mut command = Command::new(env!("CARGO_BIN_EXE_repokid"));
        command.args(["analyze", "--assume-complete", "--as-of", AS_OF, "--authorization-details"]).arg(details);
        command.arg("--cloudtrail").arg(logs).args(options).current_dir(self.folder.path());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    pub(crate) fn text(&self, options: &[&str]) -> String {
        String::from_utf8(self.analyze(options).stdout).unwrap()
    }

    pub(crate) fn json(&self, options: &[&str]) -> Value {
        let options: Vec<_> = options.iter().copied().chain(["--format", "json"]).collect();
        serde_json::from_str(&self.text(&options)).unwrap()
    }
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A policy that allows these actions everywhere.
pub(crate) fn allows(actions: &[&str]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] })
}
