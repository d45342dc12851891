//! paths -> routes of low cardinality
//!
//! A route replaces what varies in a path, so that it can name spans and series. Patterns of the operator
//! come first; then a guess from the looks of each segment (`template`): identifiers become `{id}`. What a
//! guess cannot see shows in numbers: where more different segments follow one prefix than
//! [`Settings::max_children`], further ones become `*`, and beyond [`Settings::max_routes`] of a service
//! every path becomes `/*`. Nothing is dropped.
use std::collections::HashMap;

mod pattern;
mod template;
mod tree;

pub use pattern::{InvalidPattern, Pattern};

use self::tree::{RouteId, Tree};

/// How routes are found.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is done beyond the patterns.
    pub mode: Mode,
    /// Tried in order.
    pub patterns: Vec<Pattern>,
    /// Different routes per service.
    pub max_routes: usize,
    /// Different segments after one prefix.
    pub max_children: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { mode: Mode::Heuristic, patterns: Vec::new(), max_routes: 200, max_children: 50 }
    }
}

/// What is done beyond the patterns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A path without pattern is guessed at.
    Heuristic,
    /// A path without pattern has no route.
    PatternsOnly,
    /// No path has a route.
    None,
}

/// Services whose routes are kept; then the one unused for longest is forgotten.
const MAX_SERVICES: usize = 512;
/// Paths remembered with their route, a power of two.
const CACHE_SLOTS: usize = 512;
/// Longer paths are not remembered.
const MAX_CACHED_PATH: usize = 256;

/// Finds routes, and remembers what it saw of each service.
#[derive(Debug)]
pub struct Router {
    settings: Settings,
    services: HashMap<String, Service>,
    /// By hash of service and path; the newest stays.
    cache: Box<[Slot]>,
    clock: u64,
    next_service: u64,
}

#[derive(Debug)]
struct Service {
    id: u64,
    used: u64,
    tree: Tree,
}

#[derive(Debug, Clone, Default)]
struct Slot {
    service: u64,
    path: String,
    route: RouteId,
}

impl Router {
    /// Knows no service yet.
    pub fn new(settings: Settings) -> Self {
        let cache = vec![Slot::default(); CACHE_SLOTS].into();
        Self { settings, services: HashMap::new(), cache, clock: 0, next_service: 1 }
    }

    /// The route of a path, with neither query nor fragment; `None` where there is to be none. A path seen
    /// lately costs two look-ups and no allocation.
    pub fn route(&mut self, service: &str, path: &str) -> Option<&str> {
        if self.settings.mode == Mode::None || !path.starts_with('/') {
            return None;
        }
        let path = path.split(['?', '#']).next().unwrap_or_default();
        if self.settings.mode == Mode::PatternsOnly {
            return self.settings.patterns.iter().find(|pattern| pattern.matches(path)).map(Pattern::text);
        }
        self.clock += 1;
        if !self.services.contains_key(service) {
            self.add(service);
        }
        let known = self.services.get_mut(service)?;
        known.used = self.clock;

        let slot = &mut self.cache[slot(known.id, path)];
        if slot.service == known.id && slot.path == path {
            return Some(known.tree.text(slot.route));
        }
        let route = match self.settings.patterns.iter().find(|pattern| pattern.matches(path)) {
            Some(pattern) => known.tree.given(pattern.text(), self.settings.max_routes),
            None => known.tree.guess(path, self.settings.max_routes, self.settings.max_children),
        };
        if path.len() <= MAX_CACHED_PATH {
            slot.service = known.id;
            slot.path.clear();
            slot.path.push_str(path);
            slot.route = route;
        }
        Some(known.tree.text(route))
    }

    fn add(&mut self, service: &str) {
        if self.services.len() >= MAX_SERVICES {
            let oldest = self.services.iter().min_by_key(|(_, service)| service.used);
            if let Some(name) = oldest.map(|(name, _)| name.clone()) {
                self.services.remove(&name);
            }
        }
        // Ids are not used again, so that slots of the cache cannot be mistaken.
        let new = Service { id: self.next_service, used: self.clock, tree: Tree::default() };
        self.next_service += 1;
        self.services.insert(service.to_owned(), new);
    }
}

/// FNV-1a: short texts, and a collision costs no more than a miss.
fn slot(service: u64, path: &str) -> usize {
    let start = 0xcbf2_9ce4_8422_2325 ^ service;
    let hash = path.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    usize::try_from((hash >> 32) % CACHE_SLOTS as u64).expect("below the number of slots")
}

#[cfg(test)]
mod tests;
