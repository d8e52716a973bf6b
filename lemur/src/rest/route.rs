//! A resource's method in one place: how it is served, and how the service's own OpenAPI document describes it.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::Api;
use super::shape::Shape;

/// How an answer's body holds what it is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnswerShape {
    /// One.
    One,
    /// An array of them.
    Several,
    /// A part of a list, with how many there are.
    List,
    /// The same, where how many there are may be an estimate; whether it is stands with it.
    EstimatedList,
}

/// What an answer's body is.
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) shape: AnswerShape,
    /// What it is instead, in some cases.
    pub(crate) or: Vec<String>,
    pub(crate) schemas: Vec<(String, RefOr<Schema>)>,
}

/// A method of a resource.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) summary: &'static str,
    /// Whether it is served to whoever asks.
    pub(crate) open: bool,
    pub(crate) status: u16,
    pub(crate) query: Vec<(&'static str, &'static str)>,
    pub(crate) body: Option<&'static Shape>,
    pub(crate) answer: Option<Answer>,
    /// The feature that comes later, and without which this answers 501.
    pub(crate) later: Option<&'static str>,
    /// Whether it may wait for a second person.
    pub(crate) may_wait: bool,
    pub(crate) serve: MethodRouter<Api>,
}

const PAGE: [(&str, &str); 5] = [
    ("page", "The page, from 1"),
    ("count", "How many items a page has: 10, at most 1000"),
    ("sortBy", "By what the list is sorted"),
    ("sortDir", "asc or desc"),
    ("filter", "key;value"),
];

impl Route {
    fn new<H: Handler<T, Api>, T: 'static>(
        (method, filter): (&'static str, MethodFilter),
        path: &'static str,
        handler: H,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            summary,
            open: false,
            status: 200,
            query: Vec::new(),
            body: None,
            answer: None,
            later: None,
            may_wait: false,
            serve: on(filter, handler),
        }
    }

    pub(crate) fn get<H: Handler<T, Api>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Self {
        Self::new(("get", MethodFilter::GET), path, handler, summary)
    }

    pub(crate) fn post<H: Handler<T, Api>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Self {
        Self::new(("post", MethodFilter::POST), path, handler, summary)
    }

    pub(crate) fn put<H: Handler<T, Api>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Self {
        Self::new(("put", MethodFilter::PUT), path, handler, summary)
    }

    pub(crate) fn delete<H: Handler<T, Api>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Self {
        Self::new(("delete", MethodFilter::DELETE), path, handler, summary)
    }

    /// Served without a token.
    pub(crate) fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Asked for by pages.
    pub(crate) fn paged(mut self) -> Self {
        self.query.extend(PAGE);
        self
    }

    /// With more parameters.
    pub(crate) fn query(mut self, parameters: &[(&'static str, &'static str)]) -> Self {
        self.query.extend(parameters);
        self
    }

    /// With a body.
    pub(crate) fn takes(mut self, body: &'static Shape) -> Self {
        self.body = Some(body);
        self
    }

    /// Answered by one of these.
    pub(crate) fn gives<T: ToSchema>(mut self) -> Self {
        self.answer = Some(answer::<T>(AnswerShape::One));
        self
    }

    /// Or answered by one of these.
    pub(crate) fn or_gives<T: ToSchema>(mut self) -> Self {
        let Answer { name, schemas, .. } = answer::<T>(AnswerShape::One);
        if let Some(answer) = &mut self.answer {
            answer.or.push(name);
            answer.schemas.extend(schemas);
        }
        self
    }

    /// Answered by an array of these.
    pub(crate) fn gives_several<T: ToSchema>(mut self) -> Self {
        self.answer = Some(answer::<T>(AnswerShape::Several));
        self
    }

    /// Answered by a list of these.
    pub(crate) fn lists<T: ToSchema>(mut self) -> Self {
        self.answer = Some(answer::<T>(AnswerShape::List));
        self
    }

    /// Answered by a list of these, whose total may be an estimate.
    pub(crate) fn lists_estimated<T: ToSchema>(mut self) -> Self {
        self.answer = Some(answer::<T>(AnswerShape::EstimatedList));
        self
    }

    /// With this status when it is done.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Answered by 202 where a second person is to approve it.
    pub(crate) fn may_wait(mut self) -> Self {
        self.may_wait = true;
        self
    }

    /// Answered by 501, since the feature comes later.
    pub(crate) fn later(mut self, feature: &'static str) -> Self {
        self.later = Some(feature);
        self.status = 501;
        self
    }
}

fn answer<T: ToSchema>(shape: AnswerShape) -> Answer {
    let name = T::name().into_owned();
    let mut schemas = vec![(name.clone(), T::schema())];
    T::schemas(&mut schemas);
    Answer { name, shape, or: Vec::new(), schemas }
}
