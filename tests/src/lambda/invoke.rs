//! The Invoke API: `POST /2015-03-31/functions/NAME/invocations`, where NAME is a name, a partial ARN or an ARN, with a qualifier
//! in it or in the query. A function's own error is an answer of status 200 with `X-Amz-Function-Error: Unhandled`.

use super::{Inner, LambdaService};
use crate::http::{Request, Response};
use serde_json::{Value, json};
use std::sync::PoisonError;

/// The largest event of a synchronous invocation, in bytes.
const LARGEST_EVENT: usize = 6 << 20;

pub(super) fn answer(inner: &Inner, request: &Request) -> Response {
    let refusal = inner.refusal.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some((status, kind, message)) = refusal {
        return refuse(status, &kind, &message);
    }
    let path = request.path();
    let name = path.strip_prefix("/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
    let (Some(name), "POST") = (name, request.method.as_str()) else {
        return refuse(404, "UnknownOperationException", "");
    };
    let (function, qualifier) = split(name);
    let qualifier = request.query("Qualifier").or(qualifier);
    if !inner.slots.contains_key(&function) {
        let message = format!("Function not found: {}", LambdaService::arn(&function, qualifier.as_deref()));
        return refuse(404, "ResourceNotFoundException", &message);
    }
    if request.body.len() > LARGEST_EVENT {
        let message = format!("Request must be smaller than {LARGEST_EVENT} bytes for the InvokeFunction operation");
        return refuse(413, "RequestTooLargeException", &message);
    }
    if let Err(error) = serde_json::from_slice::<Value>(&request.body) {
        return refuse(400, "InvalidRequestContentException", &format!("Could not parse request body into json: {error}"));
    }
    match request.value("X-Amz-Invocation-Type").unwrap_or("RequestResponse") {
        "DryRun" => Response::new(204, ""),
        "RequestResponse" => {
            let invocation = inner.deliver(&function, &LambdaService::delivery(&function, qualifier.as_deref(), &request.body));
            let response = Response::new(200, invocation.payload).header("Content-Type", "application/json");
            let response = response.header("X-Amz-Executed-Version", "$LATEST");
            if invocation.trouble.is_some() { response.header("X-Amz-Function-Error", "Unhandled") } else { response }
        }
        other => refuse(400, "InvalidParameterValueException", &format!("no invocation type {other} here")),
    }
}

/// The function's name, and the qualifier if one is in it.
fn split(name: &str) -> (String, Option<String>) {
    let rest = name.split_once("function:").map_or(name, |(_, rest)| rest);
    match rest.split_once(':') {
        Some((function, qualifier)) => (function.to_owned(), Some(qualifier.to_owned())),
        None => (rest.to_owned(), None),
    }
}

fn refuse(status: u16, kind: &str, message: &str) -> Response {
    let body = json!({"Type": "User", "Message": message}).to_string();
    Response::new(status, body).header("Content-Type", "application/json").header("x-amzn-ErrorType", kind)
}
