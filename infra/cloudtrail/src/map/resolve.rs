//! The uses that an event comes to by its plan.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::arn::{self, Part, Scene, is_arn, last_part};
use super::leaves::{LONGEST, Leaves, Path};
use super::plan::{Form, Kind, Makes, Slot, Step, Steps};
use super::shape::{Shape, Shaped};
use super::{How, MOST_RESOURCES, Resource, Use};
use crate::Event;
use crate::json::{Json, Kind as JsonKind};

/// What CloudTrail puts in the place of what it will not say.
fn is_hidden(value: &str) -> bool {
    matches!(value, "HIDDEN_DUE_TO_SECURITY_REASONS" | "<sensitiveDataRemoved>" | "***" | "****" | "<redacted>")
}

/// What of an event resources are made of.
pub(super) struct Facts<'e> {
    pub(super) scene: Scene<'e>,
    pub(super) request: Leaves<'e>,
    /// Whether the event shows its request, all of it.
    pub(super) shown: bool,
    succeeded: bool,
    answer: Option<Json<'e>>,
    resources: Option<Json<'e>>,
    listed: OnceCell<Listed<'e>>,
    own_arn: Option<&'e str>,
}

/// The ARNs that an event lists as its resources.
#[derive(Debug, Default)]
struct Listed<'e> {
    arns: Vec<Cow<'e, str>>,
    /// There are more than are looked at.
    more: bool,
}

impl<'e> Facts<'e> {
    /// What the event lists as its resources, read once for all types of them.
    fn listed(&self) -> &Listed<'e> {
        self.listed.get_or_init(|| {
            let mut listed = Listed::default();
            for (at, resource) in self.resources.into_iter().flat_map(Json::items).enumerate() {
                if at > MOST_RESOURCES {
                    listed.more = true;
                    break;
                }
                listed.arns.extend(resource.str("ARN").filter(|arn| is_arn(arn)));
            }
            listed
        })
    }
}

/// What of who asked resources are made of.
#[derive(Debug, Default)]
struct Caller<'e> {
    kind: Option<Cow<'e, str>>,
    arn: Option<Cow<'e, str>>,
    account: Option<Cow<'e, str>>,
}

impl<'e> Caller<'e> {
    fn of(identity: Json<'e>) -> Self {
        let mut caller = Self::default();
        // They stand before what is long.
        let mut left = ["type", "arn", "accountId"].map(Some);
        for (name, value) in identity.fields() {
            let Some(wanted) = left.iter_mut().find(|wanted| **wanted == Some(name)) else { continue };
            let text = match wanted.take() {
                Some("type") => &mut caller.kind,
                Some("arn") => &mut caller.arn,
                _ => &mut caller.account,
            };
            *text = value.as_str();
            if left.iter().all(Option::is_none) {
                break;
            }
        }
        caller
    }
}

/// All uses of an event.
pub(super) fn uses(plan: &Steps, event: &Event<'_>) -> Vec<Use> {
    if !plan.reads {
        return plan.steps.iter().map(|step| one(step, step.how, Resource::Any)).collect();
    }
    let caller = event.identity_json().map(Caller::of).unwrap_or_default();
    let identity_arn = caller.arn;
    let account = caller.account.or_else(|| event.recipient_account());
    let region = event.region();
    let partition =
        identity_arn.as_deref().and_then(arn::partition_in).unwrap_or_else(|| arn::partition_of(region.as_deref().unwrap_or("")));
    let is_user = caller.kind.is_some_and(|kind| kind == "IAMUser");
    let parameters = event.request_parameters();
    let request = Leaves::of(parameters);
    let shown = parameters.is_some_and(|json| json.kind() == JsonKind::Object) && !request.cut;
    let facts = Facts {
        scene: Scene { partition, region: region.as_deref(), account: account.as_deref() },
        request,
        shown,
        succeeded: event.error_code().is_none(),
        answer: event.response_elements(),
        resources: event.resources(),
        listed: OnceCell::new(),
        own_arn: identity_arn.as_deref().filter(|_| is_user),
    };
    let mut uses = Vec::with_capacity(plan.steps.len() + 1);
    for step in &plan.steps {
        let how = match (&step.when, step.how) {
            (Some(when), How::Possible) if facts.request.has(when) => How::Direct,
            (Some(_), How::Possible) if facts.shown => continue,
            (_, how) => how,
        };
        add(step, how, &facts, &mut uses);
    }
    if uses.is_empty() {
        plan.steps.iter().for_each(|step| add(step, step.how, &facts, &mut uses));
    }
    if let Some(roles) = &plan.roles {
        roles.add(&facts, &mut uses);
    }
    uses
}

fn one(step: &Step, how: How, resource: Resource) -> Use {
    Use { action: step.action.clone(), resource, how, passed_to: None }
}

fn add(step: &Step, how: How, facts: &Facts<'_>, uses: &mut Vec<Use>) {
    if step.kinds.is_empty() {
        uses.push(one(step, how, Resource::Any));
    } else if how == How::Dependent {
        uses.push(one(step, how, Resource::Unknown));
    } else {
        uses.extend(resources(&step.kinds, step.each.as_ref(), facts).into_iter().map(|resource| one(step, how, resource)));
    }
}

/// The resources of an action: at least one, if only the unknown.
fn resources(kinds: &[Kind], each: Option<&Path>, facts: &Facts<'_>) -> Vec<Resource> {
    let mut found = Vec::new();
    let mut gap = facts.request.cut;
    for kind in kinds {
        let mut of_kind = Vec::new();
        kind.find(facts, &mut of_kind);
        if of_kind.is_empty() {
            gap |= (kind.required || !kind.sure) && each.is_none();
        }
        of_kind.into_iter().for_each(|resource| push(&mut found, resource));
        if found.len() > MOST_RESOURCES {
            return vec![Resource::Unknown];
        }
    }
    if let Some(each) = each {
        gap |= facts
            .request
            .at(each)
            .any(|id| !found.iter().any(|one| matches!(one, Resource::Arn(arn) | Resource::Part { end: arn, .. } if last_part(arn) == id)));
    }
    if found.is_empty() {
        // What every call of the action is on, whatever its parameters.
        found.extend(kinds.iter().filter_map(|kind| kind.constant(facts)));
    }
    if gap || found.is_empty() {
        push(&mut found, Resource::Unknown);
    }
    found
}

fn push(found: &mut Vec<Resource>, resource: Resource) {
    if !found.contains(&resource) {
        found.push(resource);
    }
}

impl Kind {
    /// Finds what an event says of this type: what it lists as its resources; else what its request names, an ARN in it that can be of no
    /// other type, what its answer names, the caller, or what is known of it in part.
    fn find(&self, facts: &Facts<'_>, found: &mut Vec<Resource>) {
        if self.unless.iter().any(|path| facts.request.at(path).any(|value| value != "default")) {
            return;
        }
        if !self.scoped {
            self.by_resources(facts, found);
        }
        let frame = self.frame(facts);
        if found.is_empty() {
            self.by_request(facts, &frame, found);
        }
        if found.is_empty() && self.scoped {
            self.by_resources(facts, found);
        }
        if found.is_empty() {
            let arns = facts.request.all.iter().filter(|leaf| self.fits(&leaf.value)).take(MOST_RESOURCES + 1);
            arns.for_each(|leaf| push(found, Resource::Arn(leaf.value.as_ref().to_owned())));
        }
        if found.is_empty() && !self.answers.is_empty() {
            let answer = Leaves::of(facts.answer);
            let values = self.answers.iter().flat_map(|(path, shape)| answer.at(path).map(move |value| (value, shape)));
            values.take(MOST_RESOURCES + 1).for_each(|(value, shape)| self.consider(value, shape, facts, &frame, found));
        }
        if found.is_empty() && self.own && (facts.shown || facts.succeeded) {
            push(found, facts.own_arn.map_or(Resource::Unknown, |arn| Resource::Arn(arn.to_owned())));
        }
        if self.makes == Makes::Always && facts.shown {
            self.make(facts, &frame, found);
        } else if found.is_empty() {
            self.by_parts(facts, &frame, found);
        }
        if self.qualified && facts.request.at(qualifier()).next().is_some() {
            for resource in found.iter_mut() {
                if let Resource::Arn(arn) = resource {
                    *resource = Resource::Part { start: std::mem::take(arn), end: String::new() };
                }
            }
        }
    }

    /// The one that a call makes, whose id is not known when IAM is asked: EC2 asks for `*`.
    fn make(&self, facts: &Facts<'_>, frame: &Frame<'_>, found: &mut Vec<Resource>) {
        let id = if self.ids.is_empty() { Part::Unknown } else { Part::Known("*") };
        for (form, others) in self.formats.iter().zip(&frame.others) {
            push(found, form.fill(facts.scene, others, id));
        }
    }

    fn fits(&self, text: &str) -> bool {
        is_arn(text) && self.is_of(text)
    }

    /// Whether an ARN is of this type.
    fn is_of(&self, text: &str) -> bool {
        self.formats.iter().any(|form| form.format.fits(text)) && !self.rivals.iter().any(|rival| rival.fits(text))
    }

    /// What the event lists as its resources.
    fn by_resources(&self, facts: &Facts<'_>, found: &mut Vec<Resource>) {
        let listed = facts.listed();
        let own = listed.arns.iter().filter(|arn| self.is_of(arn));
        own.for_each(|arn| push(found, Resource::Arn(arn.as_ref().to_owned())));
        if listed.more {
            push(found, Resource::Unknown);
        }
    }

    fn by_request(&self, facts: &Facts<'_>, frame: &Frame<'_>, found: &mut Vec<Resource>) {
        for form in &self.formats {
            let Some(last) = form.slots.last() else { continue };
            for (path, shape) in &last.places {
                for value in facts.request.at(path) {
                    self.consider(value, shape, facts, frame, found);
                    if found.len() > MOST_RESOURCES {
                        return;
                    }
                }
            }
        }
        let names = self.formats.iter().filter_map(|form| form.slots.last()).any(|slot| !slot.names.is_empty());
        if !names && self.ids.is_empty() {
            return;
        }
        for leaf in &facts.request.all {
            let name = facts.request.name_of(leaf);
            let named = names
                && facts.request.is_outermost(leaf)
                && self.formats.iter().any(|form| form.slots.last().is_some_and(|slot| slot.has(name)));
            if named || (tells_id(name) && self.is_id(&leaf.value)) {
                self.consider(&leaf.value, &Shape::Plain, facts, frame, found);
                if found.len() > MOST_RESOURCES {
                    return;
                }
            }
        }
    }

    fn is_id(&self, value: &str) -> bool {
        self.ids.iter().any(|prefix| {
            let id = value.strip_prefix(prefix).unwrap_or_default();
            !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    }

    /// Takes a value for what it is: an ARN of this type, or the last part of one.
    fn consider(&self, value: &str, shape: &Shape, facts: &Facts<'_>, frame: &Frame<'_>, found: &mut Vec<Resource>) {
        if self.fits(value) && !matches!(shape, Shape::LogGroup | Shape::Secret) {
            return push(found, Resource::Arn(value.to_owned()));
        }
        let path = (self.makes != Makes::No).then(|| facts.request.at(path_of_iam()).next().unwrap_or("/"));
        let folded = self.folds && !is_arn(value) && has_capitals(value);
        let hidden = is_hidden(value) || value.len() > LONGEST || folded;
        let part = match shape.read(value, facts.scene, path) {
            _ if hidden => Shaped::Begins(""),
            Shaped::Whole(resource) => return push(found, resource),
            Shaped::Other => return,
            Shaped::Part(text) if is_arn(&text) => return,
            shaped => shaped,
        };
        let part = match &part {
            Shaped::Part(text) => Part::Known(text),
            Shaped::Begins(text) => Part::Begins(text),
            Shaped::Ends(text) => Part::Ends(text),
            Shaped::Whole(_) | Shaped::Other => return,
        };
        let mut scene = frame.scene;
        if self.is_owned(value) {
            scene.account = None;
        }
        for (form, others) in self.formats.iter().zip(&frame.others).filter(|(form, _)| !form.slots.is_empty()) {
            // A part that is not told leaves only what is certain to be asked for.
            let told = others.iter().all(|part| match part {
                Said::So(_) => true,
                Said::Nothing => self.required || self.part,
                Said::Otherwise => false,
            });
            if hidden && others.is_empty() {
                push(found, Resource::Unknown);
            } else if told {
                push(found, form.fill(scene, others, part));
            }
        }
    }

    fn is_owned(&self, text: &str) -> bool {
        self.owned.iter().any(|prefix| text.starts_with(prefix))
    }

    /// Where what has no account of its own is, and the parts of its ARN but the last.
    fn frame<'s>(&'s self, facts: &'s Facts<'_>) -> Frame<'s> {
        let others = |form: &'s Form| -> Vec<Said<'s>> {
            let others = form.slots.split_last().map(|(_, others)| others).unwrap_or_default();
            let fold = |part| if self.folds && matches!(part, Said::So(text) if has_capitals(text)) { Said::Nothing } else { part };
            others.iter().map(|slot| fold(slot.value(facts))).collect()
        };
        let others: Vec<Vec<Said<'s>>> = self.formats.iter().map(others).collect();
        let said = self.accounts.iter().find_map(|(path, shape)| {
            facts.request.at(path).find(|value| {
                matches!(shape.read(value, facts.scene, None), Shaped::Part(_))
                    && Shape::AccountId.read(value, facts.scene, None) != Shaped::Other
            })
        });
        let owned = others.iter().flatten().any(|part| matches!(part, Said::So(text) if self.is_owned(text)));
        let account = if self.shared || owned { None } else { said.or(facts.scene.account) };
        Frame { scene: Scene { account, ..facts.scene }, others }
    }

    /// What is known of it where its last part is not told.
    fn by_parts(&self, facts: &Facts<'_>, frame: &Frame<'_>, found: &mut Vec<Resource>) {
        for (form, others) in self.formats.iter().zip(&frame.others) {
            let Some(last) = form.slots.last() else {
                if self.required {
                    push(found, form.fill(frame.scene, others, Part::Unknown));
                }
                continue;
            };
            if let Some(text) = last.default.as_deref().filter(|_| facts.shown) {
                push(found, form.fill(frame.scene, others, Part::Known(text)));
            } else if self.makes == Makes::Named && facts.shown {
                self.make(facts, frame, found);
            } else if (self.required || self.part) && others.iter().any(|part| matches!(part, Said::So(_))) {
                push(found, form.fill(frame.scene, others, Part::Unknown));
            }
        }
    }

    /// The resource, if its ARN has no parts.
    fn constant(&self, facts: &Facts<'_>) -> Option<Resource> {
        let form: &Form = self.formats.iter().find(|form| form.slots.is_empty())?;
        Some(form.format.fill(facts.scene, |_| Part::Unknown))
    }
}

fn has_capitals(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// A member that is named so may hold an id, or ids.
fn tells_id(name: &str) -> bool {
    let name = name.as_bytes();
    let ends = |ending: &[u8]| name.len() >= ending.len() && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending);
    ends(b"id") || ends(b"ids")
}

fn path_of_iam() -> &'static Path {
    static PATH: std::sync::LazyLock<Path> = std::sync::LazyLock::new(|| Path::new("path"));
    &PATH
}

fn qualifier() -> &'static Path {
    static PATH: std::sync::LazyLock<Path> = std::sync::LazyLock::new(|| Path::new("qualifier"));
    &PATH
}

/// What all resources of one type in one event share.
struct Frame<'s> {
    scene: Scene<'s>,
    /// The parts of each format but the last.
    others: Vec<Vec<Said<'s>>>,
}

impl Form {
    fn fill(&self, scene: Scene<'_>, others: &[Said<'_>], last: Part<'_>) -> Resource {
        self.format.fill(scene, |at| match others.get(at) {
            Some(Said::So(text)) => Part::Known(text),
            Some(Said::Nothing | Said::Otherwise) => Part::Unknown,
            None => last,
        })
    }
}

/// What an event says of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said<'s> {
    So(&'s str),
    Nothing,
    /// That it is of another type.
    Otherwise,
}

impl Slot {
    fn has(&self, name: &str) -> bool {
        let mut plain = [0u8; 64];
        let mut length = 0;
        for byte in name.bytes().filter(u8::is_ascii_alphanumeric) {
            let Some(place) = plain.get_mut(length) else { return false };
            *place = byte.to_ascii_lowercase();
            length += 1;
        }
        self.names.binary_search_by(|one| one.as_bytes().cmp(&plain[..length])).is_ok()
    }

    /// What an event says of this part: nothing, if it says several things.
    fn value<'s>(&'s self, facts: &'s Facts<'_>) -> Said<'s> {
        let (mut said, mut otherwise): (Option<&str>, bool) = (None, false);
        let named = facts.request.all.iter().filter(|leaf| facts.request.is_outermost(leaf) && self.has(facts.request.name_of(leaf)));
        let named = named.map(|leaf| (&*leaf.value, &Shape::Plain));
        let placed = self.places.iter().flat_map(|(path, shape)| facts.request.at(path).map(move |value| (value, shape)));
        for (value, shape) in placed.chain(named) {
            if is_hidden(value) || value.len() > LONGEST {
                return Said::Nothing;
            }
            let text = match shape {
                Shape::Plain | Shape::NotDefault if is_arn(value) => last_part(value),
                _ => match shape.read(value, facts.scene, None) {
                    Shaped::Part(Cow::Borrowed(text)) => text,
                    _ => {
                        otherwise = true;
                        continue;
                    }
                },
            };
            match said {
                Some(before) if before != text => return Said::Nothing,
                _ => said = Some(text),
            }
        }
        match said.or(self.default.as_deref().filter(|_| facts.shown)) {
            Some(text) => Said::So(text),
            None if otherwise => Said::Otherwise,
            None => Said::Nothing,
        }
    }
}
