//! The routes of one service, and the segments they are made of.
use std::collections::HashMap;

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
        let known = self.routes.iter().position(|route| route == text);
        known.map(RouteId).or_else(|| self.add(text.to_owned(), max_routes)).unwrap_or_default()
    }

    /// The route of a path by its looks and by what else was seen.
    pub(super) fn guess(&mut self, path: &str, max_routes: usize, max_children: usize) -> RouteId {
        let mut node = &mut self.root;
        let mut text = String::new();
        let full = self.routes.len() >= max_routes;
        let segments = path.strip_prefix('/').unwrap_or(path).split('/');
        for (depth, segment) in segments.enumerate() {
            let extension;
            let segment = match classify(segment) {
                _ if depth >= MAX_DEPTH => FOLDED,
                Segment::Name(name) => name,
                Segment::Variable("") => VARIABLE,
                Segment::Variable(dotted) => {
                    extension = format!("{VARIABLE}{dotted}");
                    &extension
                }
            };
            let known = node.children.contains_key(segment);
            let segment = if known || node.children.len() < max_children { segment } else { FOLDED };
            if full && !node.children.contains_key(segment) {
                return RouteId::default();
            }
            text.push('/');
            text.push_str(segment);
            node = node.children.entry(segment.into()).or_default();
            if depth >= MAX_DEPTH {
                break;
            }
        }
        if let Some(route) = node.route {
            return route;
        }
        if full {
            return RouteId::default();
        }
        let route = RouteId(self.routes.len());
        node.route = Some(route);
        self.routes.push(text);
        route
    }

    fn add(&mut self, text: String, max_routes: usize) -> Option<RouteId> {
        (self.routes.len() < max_routes).then(|| {
            self.routes.push(text);
            RouteId(self.routes.len() - 1)
        })
    }
}
