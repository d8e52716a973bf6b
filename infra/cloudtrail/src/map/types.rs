//! The types of resource of each service, with the formats of their ARNs taken apart: once for each service, for all mappers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use menagerie_policy::data::Service;

use super::arn::Format;

/// A type of resource.
#[derive(Debug)]
pub(super) struct Known {
    /// The formats of its ARNs, and the names of their parts.
    pub(super) formats: Vec<(Format, Vec<&'static str>)>,
    /// Formats of other types that tell more: what fits one of these is not of this type.
    pub(super) rivals: Arc<[Format]>,
}

/// The types of a service, by name.
pub(super) type Types = HashMap<&'static str, Known>;

/// The types of a service.
pub(super) fn of(service: &Service) -> Arc<Types> {
    static ALL: Mutex<Option<HashMap<&'static str, Arc<Types>>>> = Mutex::new(None);
    // What a thread that panicked left is whole: a service's types are put in at once.
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    Arc::clone(all.entry(service.prefix()).or_insert_with(|| Arc::new(read(service))))
}

fn read(service: &Service) -> Types {
    let types = service.resource_types();
    let formats: Vec<Vec<_>> = types.iter().map(|one| one.arn.split(", ").map(Format::new).collect()).collect();
    let all: Vec<(usize, &Format, String)> = formats
        .iter()
        .enumerate()
        .flat_map(|(of, formats): (usize, &Vec<(Format, _)>)| formats.iter().map(move |(format, _)| (of, format, format.sample())))
        .collect();
    let rivals: Vec<Arc<[Format]>> = (0..types.len())
        .map(|at| {
            let own = &formats[at];
            let fixed = own.iter().map(|(format, _)| format.fixed()).min().unwrap_or_default();
            let tells_more = |(of, format, sample): &&(usize, &Format, String)| {
                *of != at && format.fixed() > fixed && own.iter().any(|(format, _)| format.fits(sample))
            };
            all.iter().filter(tells_more).map(|(_, format, _)| (*format).clone()).collect()
        })
        .collect();
    let known = formats.into_iter().zip(rivals).map(|(formats, rivals)| Known { formats, rivals });
    types.iter().map(|one| one.name).zip(known).collect()
}
