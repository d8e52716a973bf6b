//! National identifiers, by region. Each is a row of a table: layouts, words that stand near one, and a check of a few lines after the
//! rules that the issuing authority publishes. Where an identifier has no check digit, its structure is checked and its `chance` says how
//! little that proves.

mod africa_oceania;
mod americas;
mod asia_east;
mod asia_west;
mod central_europe;
mod eastern_europe;
mod northern_europe;
mod southern_europe;
mod western_europe;

use super::detector::Detector;

const REGIONS: &[&[Detector]] = &[
    americas::DETECTORS,
    western_europe::DETECTORS,
    central_europe::DETECTORS,
    northern_europe::DETECTORS,
    southern_europe::DETECTORS,
    eastern_europe::DETECTORS,
    asia_east::DETECTORS,
    asia_west::DETECTORS,
    africa_oceania::DETECTORS,
];

/// The national detectors, region by region.
pub(super) fn detectors() -> impl Iterator<Item = &'static Detector> {
    REGIONS.iter().copied().flatten()
}

#[cfg(test)]
mod tests;
