//! IAM groups: a principal for whoever is in its group.

use menagerie_tests::http::{Response, Server};
use menagerie_tests::process::{free_port, run};
use menagerie_tests::{LambdaService, Moto};
use serde_json::Value;

use super::{Deployment, Form, answer};
use crate::events::{fresh_key, user_event, with};

/// A deployment that maps principals to groups by this format; tests that make groups on moto keep apart by it.
fn deployment(label: &str, format: &str) -> Deployment {
    let deployment = Deployment::with_key(label, Form::Pkcs1);
    let section = format!(
        "[KMS Auth]\nuse_kmsauth = True\nkmsauth_key_id = {}\nkmsauth_serviceid = bless\nkmsauth_remote_usernames_allowed = *\n\
         kmsauth_validate_remote_usernames_against_iam_groups = True\nkmsauth_iam_group_name_format = {format}",
        deployment.kms_key
    );
    deployment.configure("", "ca_private_key_file = bless-ca.pem", &section);
    deployment
}

fn event(deployment: &Deployment, user: &str, principals: &str) -> Value {
    let event = user_event(&fresh_key(&deployment.namespace, &format!("key-{user}-{principals}")));
    let event = with(&event, "kmsauth_token", deployment.token(user, "bless", (-3, 7)));
    with(&with(&event, "bastion_user", user), "remote_usernames", principals)
}

#[test]
fn members_and_others() {
    let deployment = deployment("groups", "ssh-{}");
    Moto::shared().create_user("groups-in", &["ssh-ubuntu", "ssh-root", "others"]);
    Moto::shared().create_user("groups-out", &["others"]);
    let cases = [
        ("groups-in", "ubuntu", None),
        ("groups-in", "ubuntu,root", None),
        ("groups-in", "ubuntu,oracle", Some(("KMSAuthValidationError", "user groups-in is not in the ssh-oracle iam group"))),
        ("groups-out", "ubuntu", Some(("KMSAuthValidationError", "user groups-out is not in the ssh-ubuntu iam group"))),
    ];
    let events: Vec<_> = cases.iter().map(|(user, principals, _)| event(&deployment, user, principals)).collect();
    let lambda = LambdaService::start([deployment.function("bless_lambda.lambda_handler")]);
    let by_lambda: Vec<_> = events.iter().map(|event| deployment.invoke(&lambda, event)).collect();
    for answers in [deployment.handle_all("user", &events), by_lambda] {
        for ((user, principals, wanted), answer) in cases.iter().zip(answers) {
            match wanted {
                None => assert!(answer["certificate"].is_string(), "{user} {principals}: {answer}"),
                Some((kind, message)) => {
                    assert_eq!((answer["errorType"].as_str(), answer["errorMessage"].as_str()), (Some(*kind), Some(*message)));
                }
            }
        }
    }
    // A user that IAM does not know: IAM's own words.
    let unknown = deployment.handle(&["user"], &event(&deployment, "groups-nobody", "ubuntu"));
    assert_eq!(unknown["errorType"], "ClientError", "{unknown}");
    assert!(unknown["errorMessage"].as_str().is_some_and(|text| text.contains("NoSuchEntity")), "{unknown}");
}

/// Hole of BLESS: memberships are told before the token is checked.
#[test]
fn nobody_learns_of_memberships() {
    let deployment = deployment("curious", "curious-{}");
    Moto::shared().create_user("curious-in", &["curious-ubuntu"]);
    let mut told = Vec::new();
    for principal in ["ubuntu", "root"] {
        let event = event(&deployment, "curious-in", principal);
        told.push(deployment.handle(&["user"], &with(&event, "kmsauth_token", deployment.token("mallory", "bless", (-3, 7)))));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0]["errorMessage"], "Authentication error. General error.");
}

/// Hole of BLESS: only the first page of groups is read. moto answers all groups at once, so a server of the test's own pages.
#[test]
fn every_page_of_groups_is_read() {
    let deployment = deployment("pages", "ssh-{}");
    let server = Server::start(|request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert!(body.contains("Action=ListGroupsForUser"), "{body}");
        let page = ["Marker=one", "Marker=two"].iter().position(|marker| body.contains(marker)).map_or(0, |index| index + 1);
        let (name, next) = [("a", Some("one")), ("b", Some("two")), ("ssh-ubuntu", None)][page];
        let marker = next.map(|next| format!("<Marker>{next}</Marker>")).unwrap_or_default();
        let xml = format!(
            "<ListGroupsForUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListGroupsForUserResult>\
             <IsTruncated>{}</IsTruncated>{marker}<Groups><member><Path>/</Path><GroupName>{name}</GroupName>\
             <GroupId>AGPACKCEVSQ6C2EXAMPLE</GroupId><Arn>arn:aws:iam::123456789012:group/{name}</Arn>\
             <CreateDate>2012-05-08T23:27:06Z</CreateDate></member></Groups></ListGroupsForUserResult>\
             <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></ListGroupsForUserResponse>",
            next.is_some()
        );
        Some(Response::new(200, xml).header("Content-Type", "text/xml"))
    });
    for (principal, issued) in [("ubuntu", true), ("root", false)] {
        let mut command = deployment.command(&["user"]);
        command.env("AWS_ENDPOINT_URL_IAM", server.url());
        let answer = answer(&run(command, event(&deployment, "pages", principal).to_string().as_bytes()));
        assert_eq!(answer["certificate"].is_string(), issued, "{principal}: {answer}");
    }
}

#[test]
fn no_iam_no_certificate() {
    let deployment = deployment("no-iam", "ssh-{}");
    let mut command = deployment.command(&["user"]);
    command.env("AWS_ENDPOINT_URL_IAM", format!("http://127.0.0.1:{}", free_port()));
    let answer = answer(&run(command, event(&deployment, "no-iam", "ubuntu").to_string().as_bytes()));
    assert_eq!(answer["errorType"], "ClientError", "{answer}");
    assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains("IAM could not be reached")), "{answer}");
}
