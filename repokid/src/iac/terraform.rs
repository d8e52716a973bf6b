//! Policies in Terraform's code: `jsonencode({…})`, a heredoc of JSON, or `data "aws_iam_policy_document"`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

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
pub(super) fn sites(path: &Path, text: &str, folder: &Folder) -> Vec<Site> {
    if !text.contains("aws_iam_") {
        return Vec::new();
    }
    let Ok(body) = parse_body(text) else { return Vec::new() };
    let Folder { documents, names } = folder;
    let mut sites = Vec::new();
    for block in body.get_blocks("resource") {
        let [kind, name] = block.labels.as_slice() else { continue };
        let (kind, name) = (kind.as_str(), name.as_str());
        let address = format!("{kind}.{name}");
        let several = ["count", "for_each"].iter().any(|key| block.body.has_attribute(key));
        let mut add = |principal: Option<String>, body: &Body, inline: bool| {
            let Some(policy) = body.get_attribute("policy").map(|attribute| &attribute.value) else { return };
            let (at, syntax, statements) = policy_of(path, text, policy, documents);
            let statements = if several { Err("count or for_each makes several from it".to_owned()) } else { statements };
            let name = literal(body, "name");
            let address = match &name {
                Some(name) if inline => format!("{address} {name}"),
                _ => address.clone(),
            };
            sites.push(Site { path: at, address, managed: kind == "aws_iam_policy", principal, logical: None, name, syntax, statements });
        };
        if let Some((_, principal)) = RESOURCES.iter().find(|(known, _)| *known == kind) {
            add(principal.and_then(|key| named(&block.body.get_attribute(key)?.value, names)), &block.body, false);
        } else if kind == "aws_iam_role" {
            for inline in block.body.get_blocks("inline_policy") {
                add(literal(&block.body, "name"), &inline.body, true);
            }
        }
    }
    sites
}

/// What the files of a folder (a module) may refer to.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Its `aws_iam_policy_document`s by name, with the file that each is in.
    documents: Documents,
    /// The names of its roles, users and groups, by type and name in the code.
    names: BTreeMap<(String, String), String>,
}

type Documents = BTreeMap<String, (PathBuf, Result<Vec<StatementSite>, String>)>;

impl Folder {
    /// Takes a file in.
    pub(super) fn add(&mut self, path: &Path, text: &str) {
        if !text.contains("aws_iam_") {
            return;
        }
        let Ok(body) = parse_body(text) else { return };
        for block in body.blocks() {
            let [kind, name] = block.labels.as_slice() else { continue };
            let (kind, name) = (kind.as_str(), name.as_str());
            match block.ident.as_str() {
                "data" if kind == "aws_iam_policy_document" => {
                    self.documents.insert(name.to_owned(), (path.to_owned(), document(text, block)));
                }
                "resource" if matches!(kind, "aws_iam_role" | "aws_iam_user" | "aws_iam_group") => {
                    if let Some(literal) = literal(&block.body, "name") {
                        self.names.insert((kind.to_owned(), name.to_owned()), literal);
                    }
                }
                _ => {}
            }
        }
    }
}

fn document(text: &str, block: &Block) -> Result<Vec<StatementSite>, String> {
    let elsewhere = ["source_policy_documents", "override_policy_documents", "source_json", "override_json", "count", "for_each"];
    if elsewhere.iter().any(|key| block.body.has_attribute(key)) || block.body.has_blocks("dynamic") {
        return Err("the aws_iam_policy_document is not to the letter what it says".to_owned());
    }
    block.body.get_blocks("statement").map(|statement| statement_block(text, statement)).collect()
}

/// The name of a principal, given to the letter or as `aws_iam_role.app.id` (or `.name`) of one that is.
fn named(value: &Expression, names: &BTreeMap<(String, String), String>) -> Option<String> {
    if let Some(literal) = value.as_str() {
        return Some(literal.to_owned());
    }
    match dotted(value)?.as_slice() {
        [kind, name, "id" | "name"] => names.get(&((*kind).to_owned(), (*name).to_owned())).cloned(),
        _ => None,
    }
}

/// `a.b.c` as its parts.
fn dotted(value: &Expression) -> Option<Vec<&str>> {
    let Expression::Traversal(traversal) = value else { return None };
    let mut parts = vec![traversal.expr.as_variable()?.as_str()];
    for operator in &traversal.operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => parts.push(name.as_str()),
            _ => return None,
        }
    }
    Some(parts)
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

type Found = (PathBuf, Syntax, Result<Vec<StatementSite>, String>);

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
        _ => match dotted(policy).as_deref() {
            Some(["data", "aws_iam_policy_document", name, "json"]) => match documents.get(*name) {
                Some((file, statements)) => (file.clone(), Syntax::Blocks, statements.clone()),
                None => here(Syntax::Blocks, Err(format!("data.aws_iam_policy_document.{name} is not in its folder"))),
            },
            _ => here(Syntax::Brackets, Err("the policy comes from another expression".to_owned())),
        },
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
