//! Policies in Terraform's code: `jsonencode({…})`, a heredoc of JSON, or `data "aws_iam_policy_document"`.

use std::collections::BTreeMap;
use std::path::Path;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey, TraversalOperator};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body};

use super::cloudformation;
use super::site::{Actions, Site, StatementSite, Syntax};
use super::tree::tree;

/// The resources that have policies: their type, and what names their principal.
const RESOURCES: [(&str, Option<&str>); 4] = [
    ("aws_iam_role_policy", Some("role")),
    ("aws_iam_user_policy", Some("user")),
    ("aws_iam_group_policy", Some("group")),
    ("aws_iam_policy", None),
];

/// The policies of a file; none if it cannot be read.
pub(super) fn sites(path: &Path, text: &str, documents: &Documents) -> Vec<Site> {
    if !text.contains("aws_iam_") {
        return Vec::new();
    }
    let Ok(body) = parse_body(text) else { return Vec::new() };
    let mut sites = Vec::new();
    for block in body.get_blocks("resource") {
        let [kind, name] = block.labels.as_slice() else { continue };
        let (kind, name) = (kind.as_str(), name.as_str());
        let address = format!("{kind}.{name}");
        let mut add = |principal: Option<String>, body: &Body| {
            let Some(policy) = body.get_attribute("policy").map(|attribute| &attribute.value) else { return };
            let (at, syntax, statements) = policy_of(path, text, policy, documents);
            sites.push(Site {
                path: at,
                address: address.clone(),
                managed: kind == "aws_iam_policy",
                principal,
                logical: None,
                name: literal(body, "name"),
                syntax,
                statements,
            });
        };
        if let Some((_, principal)) = RESOURCES.iter().find(|(known, _)| *known == kind) {
            add(principal.and_then(|key| literal(&block.body, key)), &block.body);
        } else if kind == "aws_iam_role" {
            for inline in block.body.get_blocks("inline_policy") {
                add(literal(&block.body, "name"), &inline.body);
            }
        }
    }
    sites
}

/// The `aws_iam_policy_document`s of all files of a folder (a module), by their name.
pub(super) type Documents = BTreeMap<String, (std::path::PathBuf, Result<Vec<StatementSite>, String>)>;

/// Takes in the documents of a file.
pub(super) fn documents(path: &Path, text: &str, documents: &mut Documents) {
    if !text.contains("aws_iam_policy_document") {
        return;
    }
    let Ok(body) = parse_body(text) else { return };
    for block in
        body.get_blocks("data").filter(|block| block.labels.first().is_some_and(|label| label.as_str() == "aws_iam_policy_document"))
    {
        let Some(name) = block.labels.get(1) else { continue };
        let from_others = ["source_policy_documents", "override_policy_documents", "source_json", "override_json"];
        let statements = if from_others.iter().any(|key| block.body.has_attribute(key)) || block.body.has_blocks("dynamic") {
            Err("the aws_iam_policy_document takes statements from elsewhere".to_owned())
        } else {
            block.body.get_blocks("statement").map(|statement| statement_block(text, statement)).collect()
        };
        documents.insert(name.as_str().to_owned(), (path.to_owned(), statements));
    }
}

fn statement_block(text: &str, block: &Block) -> Result<StatementSite, String> {
    let span = block.span().ok_or("a statement has no place")?;
    let denies = match block.body.get_attribute("effect").map(|attribute| attribute.value.as_str()) {
        None | Some(Some("Allow")) => false,
        Some(Some("Deny")) => true,
        Some(_) => return Err("a statement's effect does not stand there to the letter".to_owned()),
    };
    let (negated, list) = match (block.body.get_attribute("actions"), block.body.get_attribute("not_actions")) {
        (Some(list), _) => (false, Some(list)),
        (None, other) => (true, other),
    };
    let actions = list.and_then(|attribute| actions(text, &attribute.value, negated));
    Ok(StatementSite { span, denies, actions })
}

type Found = (std::path::PathBuf, Syntax, Result<Vec<StatementSite>, String>);

fn policy_of(path: &Path, text: &str, policy: &Expression, documents: &Documents) -> Found {
    let here = |syntax, statements| (path.to_owned(), syntax, statements);
    match policy {
        Expression::FuncCall(call) if call.name.name.as_str() == "jsonencode" && !call.name.is_namespaced() => {
            let statements = match call.args.get(0) {
                Some(Expression::Object(object)) => object_statements(text, object),
                _ => Err("what jsonencode takes does not stand there to the letter".to_owned()),
            };
            here(Syntax::Brackets, statements)
        }
        Expression::HeredocTemplate(heredoc) => {
            let Some(span) = heredoc.template.span() else { return here(Syntax::Brackets, Err("the heredoc has no place".to_owned())) };
            match text.get(span.clone()).map(|inside| tree(inside, span.start)) {
                Some(Ok(node)) => {
                    let (syntax, statements) = cloudformation::statements(text, &node);
                    here(syntax, statements)
                }
                Some(Err(error)) => here(Syntax::Brackets, Err(format!("the heredoc is no JSON: {error}"))),
                None => here(Syntax::Brackets, Err("the heredoc has no place".to_owned())),
            }
        }
        Expression::Traversal(traversal) => {
            let mut path_of: Vec<&str> = traversal.expr.as_variable().map(|name| name.as_str()).into_iter().collect();
            path_of.extend(traversal.operators.iter().filter_map(|operator| match operator.value() {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                _ => None,
            }));
            match path_of.as_slice() {
                ["data", "aws_iam_policy_document", name, "json"] => match documents.get(*name) {
                    Some((file, statements)) => (file.clone(), Syntax::Blocks, statements.clone()),
                    None => here(Syntax::Blocks, Err(format!("data.aws_iam_policy_document.{name} is not in its folder"))),
                },
                _ => here(Syntax::Brackets, Err("the policy comes from another expression".to_owned())),
            }
        }
        _ => here(Syntax::Brackets, Err("the policy comes from another expression".to_owned())),
    }
}

fn object_statements(text: &str, policy: &Object) -> Result<Vec<StatementSite>, String> {
    let statements = match value(policy, "Statement") {
        Some(Expression::Array(list)) => list.iter().map(Expression::as_object).collect::<Option<Vec<_>>>(),
        Some(Expression::Object(one)) => Some(vec![one]),
        _ => None,
    };
    let statements = statements.ok_or("its statements do not stand there to the letter")?;
    statements.into_iter().map(|statement| object_statement(text, statement)).collect()
}

fn object_statement(text: &str, statement: &Object) -> Result<StatementSite, String> {
    let span = statement.span().ok_or("a statement has no place")?;
    let denies = match value(statement, "Effect").map(Expression::as_str) {
        Some(Some("Allow")) => false,
        Some(Some("Deny")) => true,
        _ => return Err("a statement's Effect does not stand there to the letter".to_owned()),
    };
    let (negated, list) = match (value(statement, "Action"), value(statement, "NotAction")) {
        (Some(list), _) => (false, Some(list)),
        (None, other) => (true, other),
    };
    Ok(StatementSite { span, denies, actions: list.and_then(|list| actions(text, list, negated)) })
}

fn value<'a>(object: &'a Object, key: &str) -> Option<&'a Expression> {
    let is = |name: &ObjectKey| match name {
        ObjectKey::Ident(ident) => ident.as_str() == key,
        ObjectKey::Expression(Expression::Variable(ident)) => ident.as_str() == key,
        ObjectKey::Expression(expression) => expression.as_str() == Some(key),
    };
    object.iter().find(|(name, _)| is(name)).map(|(_, value)| value.expr())
}

fn actions(text: &str, list: &Expression, negated: bool) -> Option<Actions> {
    let items = match list {
        Expression::String(one) => vec![one.value().clone()],
        Expression::Array(list) => list.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        _ => return None,
    };
    let span = list.span()?;
    // What is said to be a list stands between its brackets, and nothing else.
    text.get(span.clone())?.starts_with(['[', '"']).then_some(Actions { span, items, negated, block: false })
}

fn literal(body: &Body, key: &str) -> Option<String> {
    body.get_attribute(key)?.value.as_str().map(str::to_owned)
}
