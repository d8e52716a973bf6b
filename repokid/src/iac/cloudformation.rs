//! Policies in CloudFormation's templates, JSON or YAML; and in any document of JSON or YAML.

use std::path::Path;

use super::site::{Actions, Site, StatementSite, Syntax};
use super::tree::{Node, Value, tree};

/// The policies of a template; none if the text is none.
pub(super) fn sites(path: &Path, text: &str) -> Vec<Site> {
    if !text.contains("AWS::IAM::") {
        return Vec::new();
    }
    let Ok(root) = tree(text, 0) else { return Vec::new() };
    let mut sites = Vec::new();
    for (logical, resource) in root.get("Resources").map(Node::entries).unwrap_or_default() {
        if let (Some(logical), Some(kind), Some(properties)) =
            (logical.text(), resource.get("Type").and_then(Node::text), resource.get("Properties"))
        {
            self::resource(path, text, logical, kind, properties, &mut sites);
        }
    }
    sites
}

fn resource(path: &Path, text: &str, logical: &str, kind: &str, properties: &Node, sites: &mut Vec<Site>) {
    let named = |key: &str| properties.get(key).and_then(Node::text).map(str::to_owned);
    let mut add = |managed, principal, logical: Option<&str>, name: Option<String>, address: String, document: Option<&Node>| {
        let Some(document) = document else { return };
        let (syntax, statements) = statements(text, document);
        let logical = logical.map(str::to_owned);
        sites.push(Site { path: path.to_owned(), address, managed, principal, logical, name, syntax, statements });
    };
    match kind {
        "AWS::IAM::Role" | "AWS::IAM::User" | "AWS::IAM::Group" => {
            let principal = named("RoleName").or_else(|| named("UserName")).or_else(|| named("GroupName"));
            for policy in properties.get("Policies").map(Node::elements).unwrap_or_default() {
                let name = policy.get("PolicyName").and_then(Node::text).map(str::to_owned);
                let address = format!("{logical}{}", name.as_ref().map(|name| format!(" {name}")).unwrap_or_default());
                add(false, principal.clone(), Some(logical), name, address, policy.get("PolicyDocument"));
            }
        }
        "AWS::IAM::Policy" | "AWS::IAM::RolePolicy" | "AWS::IAM::UserPolicy" | "AWS::IAM::GroupPolicy" => {
            let principal = named("RoleName").or_else(|| named("UserName")).or_else(|| named("GroupName"));
            let (principal, of) = match principal {
                Some(name) => (Some(name), None),
                None => holder(properties),
            };
            add(false, principal, of.as_deref(), named("PolicyName"), logical.to_owned(), properties.get("PolicyDocument"));
        }
        "AWS::IAM::ManagedPolicy" => {
            add(true, None, None, named("ManagedPolicyName"), logical.to_owned(), properties.get("PolicyDocument"));
        }
        _ => {}
    }
}

/// The one principal that a policy is put on: its name, or its logical name (`!Ref App`, `{"Ref": "App"}`).
fn holder(properties: &Node) -> (Option<String>, Option<String>) {
    let mut holders = ["Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"].into_iter().filter_map(|key| properties.get(key));
    let (Some(list), None) = (holders.next(), holders.next()) else { return (None, None) };
    let [one] = list.elements() else { return (None, None) };
    match (&one.value, one.tag) {
        (Value::Scalar(name), false) => (Some(name.clone()), None),
        (Value::Scalar(logical), true) => (None, Some(logical.clone())),
        _ => (None, one.get("Ref").and_then(Node::text).map(str::to_owned)),
    }
}

/// The statements of a policy that is written as JSON or YAML.
pub(super) fn statements(text: &str, document: &Node) -> (Syntax, Result<Vec<StatementSite>, String>) {
    let Some(list) = document.get("Statement") else {
        return (Syntax::Brackets, Err("its statements do not stand there to the letter".to_owned()));
    };
    let block = matches!(list.value, Value::List(_)) && !text[list.span.start..].starts_with('[');
    let syntax = if block { Syntax::Block } else { Syntax::Brackets };
    (syntax, list.elements().iter().map(|node| statement(text, node)).collect())
}

fn statement(text: &str, node: &Node) -> Result<StatementSite, String> {
    if node.entries().is_empty() {
        return Err("a statement does not stand there to the letter".to_owned());
    }
    let denies = match node.get("Effect").map(Node::text) {
        Some(Some("Allow")) => false,
        Some(Some("Deny")) => true,
        _ => return Err("a statement's Effect does not stand there to the letter".to_owned()),
    };
    let (negated, list) = match (node.get("Action"), node.get("NotAction")) {
        (Some(list), _) => (false, Some(list)),
        (None, other) => (true, other),
    };
    let actions = list.and_then(|list| {
        let items = list.elements().iter().map(|item| item.text().map(str::to_owned)).collect::<Option<Vec<_>>>()?;
        let block = matches!(list.value, Value::List(_)) && !text[list.span.start..].starts_with('[');
        Some(Actions { span: list.span.clone(), items, negated, block })
    });
    Ok(StatementSite { span: node.span.clone(), denies, actions })
}
