//! The routes of one service, and the segments they are made of.
use std::{borrow::Cow, collections::HashMap};

use super::template::{Segment, VARIABLE, classify};

/// Stands for a segment of which there are too many.
const FOLDED: &str = "*";
/// The route of what found no room.
const REST: &str = "/*";
/// Segments of a route; what follows is folded.
const MAX_DEPTH: usize = 12;

/// A route of this tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RouteId(usize);

/// Routes by the way to them.
#[derive(Debug)]
pub(super) struct Tree {
    root: Node,
    /// The first is [`REST`].
    routes: Vec<String>,
}

/// What follows a prefix.
#[derive(Debug, Default)]
struct Node {
    children: HashMap<Box<str>, Node>,
    /// The route that ends here.
    route: Option<RouteId>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { root: Node::default(), routes: vec![REST.to_owned()] }
    }
}

impl Tree {
    /// The text of a route.
    pub(super) fn text(&self, RouteId(index): RouteId) -> &str {
        &self.routes[index]
    }

    /// A route that is known from elsewhere.
    pub(super) fn given(&mut self, text: &str, max_routes: usize) -> RouteId {
        match self.routes.iter().position(|route| route == text) {
            Some(index) => RouteId(index),
            None if self.routes.len() >= max_routes => RouteId::default(),
            None => {
                self.routes.push(text.to_owned());
                RouteId(self.routes.len() - 1)
            }
        }
    }

    /// The route of a path by its looks and by what else was seen. Allocates only for a new one.
    pub(super) fn guess(&mut self, path: &str, max_routes: usize, max_children: usize) -> RouteId {
        match self.find(path, max_children) {
            Some(route) => route,
            None if self.routes.len() >= max_routes => RouteId::default(),
            None => self.insert(path, max_children),
        }
    }

    fn find(&self, path: &str, max_children: usize) -> Option<RouteId> {
        let mut node = &self.root;
        for segment in segments(path) {
            node = node.children.get(node.place(&segment, max_children))?;
        }
        node.route
    }

    fn insert(&mut self, path: &str, max_children: usize) -> RouteId {
        let route = RouteId(self.routes.len());
        let mut text = String::new();
        let mut node = &mut self.root;
        for segment in segments(path) {
            let segment = node.place(&segment, max_children);
            text.push('/');
            text.push_str(segment);
            node = node.children.entry(segment.into()).or_default();
        }
        node.route = Some(route);
        self.routes.push(text);
        route
    }
}

impl Node {
    /// The child a segment belongs to, or is to belong to.
    fn place<'a>(&self, segment: &'a str, max_children: usize) -> &'a str {
        let room = self.children.len() < max_children;
        if room || self.children.contains_key(segment) { segment } else { FOLDED }
    }
}

/// The segments of a path as a route has them.
fn segments(path: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let segments = path.strip_prefix('/').unwrap_or(path).split('/');
    segments.take(MAX_DEPTH + 1).enumerate().map(|(depth, segment)| match classify(segment) {
        _ if depth == MAX_DEPTH => FOLDED.into(),
        Segment::Name(name) => name.into(),
        Segment::Variable("") => VARIABLE.into(),
        Segment::Variable(extension) => format!("{VARIABLE}{extension}").into(),
    })
}
