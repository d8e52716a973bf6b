//! Host certificates, which BLESS gives to whoever asks: here only for names that the configuration allows to the invoked function.

use menagerie_tests::LambdaService;
use serde_json::Value;

use super::{Deployment, Form, certificate};
use crate::authority::shown_by_openssh;
use crate::events::{fresh_key, host_event};

fn deliver(lambda: &LambdaService, name: &str, alias: Option<&str>, event: &Value) -> Value {
    let invocation = lambda.deliver(name, &LambdaService::delivery(name, alias, event.to_string()));
    assert_eq!(invocation.trouble, None, "{}", lambda.output(name));
    invocation.json()
}

#[test]
fn off_by_default() {
    let deployment = Deployment::new("hosts-off", "");
    let event = host_event(&fresh_key(&deployment.namespace, "key"), "db1.example.com");
    let lambda = LambdaService::start([deployment.function("bless_lambda_host.lambda_handler_host")]);
    let answers = [deployment.handle(&["host"], &event), deployment.invoke(&lambda, &event)];
    for answer in answers {
        assert_eq!(answer["errorType"], "InputValidationError", "{answer}");
        assert!(answer["errorMessage"].as_str().is_some_and(|text| text.contains("host certificates are not allowed for")), "{answer}");
    }
}

#[test]
fn by_the_invoked_alias() {
    let deployment = Deployment::with_key("hosts-on", Form::Pkcs1);
    let name = deployment.name();
    let allowed = format!(
        "[Bless Hosts]\nallowed =\n    {} *.web.example.com\n    {} db1.example.com,db2.example.com\n",
        LambdaService::arn(name, Some("web")),
        LambdaService::arn(name, Some("db"))
    );
    deployment.configure("", "ca_private_key_file = bless-ca.pem", &allowed);
    let key = fresh_key(&deployment.namespace, "key");
    let lambda = LambdaService::start([deployment.function("bless_lambda_host.lambda_handler_host")]);
    for (alias, names, issued) in [
        (Some("web"), "a.web.example.com", true),
        (Some("db"), "db1.example.com,db2.example.com", true),
        (Some("web"), "db1.example.com", false),
        (Some("db"), "db1.example.com,a.web.example.com", false),
        (Some("other"), "db1.example.com", false),
        (None, "db1.example.com", false),
    ] {
        let answer = deliver(&lambda, name, alias, &host_event(&key, names));
        assert_eq!(answer["certificate"].is_string(), issued, "{alias:?} {names}: {answer}");
        if issued {
            let shown = shown_by_openssh(&certificate(&deployment.namespace, "host", &answer));
            assert!(shown.contains("host certificate") && shown.contains("Extensions: (none)"), "{shown}");
            let arn = LambdaService::arn(name, alias);
            assert!(shown.contains(&format!("] ca[{arn}] valid_to[")), "{shown}");
        }
    }
    // `bless handle` stands for the alias that it is told, and for none unless told.
    let event = host_event(&key, "db1.example.com");
    let arn = LambdaService::arn(name, Some("db"));
    assert!(deployment.handle(&["host", "--function-arn", &arn], &event)["certificate"].is_string());
    assert!(deployment.handle(&["host"], &event)["certificate"].is_null());
}
