//! Routes the operator knows: `/users/{id}`, `/users/:id`, `/files/*`.

/// A pattern over the segments of a path. `{name}` and `:name` stand for one segment; `*` at the end for one
/// or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a route pattern: it begins with `/`, and `*` is its last segment if it has one")]
pub struct InvalidPattern(String);

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let inner_star = text.trim_end_matches("/*").split('/').any(|segment| segment == "*");
        if text.starts_with('/') && !inner_star {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPattern(text.to_owned()))
        }
    }

    /// As it was written, which is the route it gives.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether it is the pattern of a path.
    pub fn matches(&self, path: &str) -> bool {
        let mut segments = path.split('/');
        let mut wanted = self.0.split('/').peekable();
        while let Some(want) = wanted.next() {
            let Some(segment) = segments.next() else { return false };
            let matches = match want {
                "*" if wanted.peek().is_none() => return !segment.is_empty(),
                _ if is_variable(want) => !segment.is_empty(),
                _ => want == segment,
            };
            if !matches {
                return false;
            }
        }
        segments.next().is_none()
    }
}

fn is_variable(segment: &str) -> bool {
    segment.len() > 1 && segment.starts_with(':')
        || segment.len() > 2 && segment.starts_with('{') && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, matches) in [
            ("/users/{id}", "/users/7", true),
            ("/users/{id}", "/users/", false),
            ("/users/{id}", "/users", false),
            ("/users/{id}", "/users/7/orders", false),
            ("/users/:id/orders", "/users/anna/orders", true),
            ("/users/:id/orders", "/users/anna/carts", false),
            ("/files/*", "/files/a/b/c.txt", true),
            ("/files/*", "/files/a", true),
            ("/files/*", "/files/", false),
            ("/files/*", "/files", false),
            ("/*", "/anything/at/all", true),
            ("/", "/", true),
            ("/", "/a", false),
            ("/a/", "/a", false),
        ] {
            assert_eq!(Pattern::parse(pattern).unwrap().matches(path), matches, "{pattern} {path}");
        }
        for text in ["", "users", "*", "/a/*/b", "/*/*/a"] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }
}
