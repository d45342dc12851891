//! YAML text -> [`Config`], or every mistake in it. Drops nothing: a key it does not know is a mistake.
//!
//! Serde stops at the first mistake. So the text becomes a tree first; a mistake is noted, its node is struck from
//! the tree, and reading starts again, until nothing is left to complain about.
pub(crate) mod error;
mod node;
mod read;
mod scalar;
mod substitute;

use std::borrow::Cow;

use serde::Deserialize;

use crate::{Config, validate};
use error::{ConfigErrors, Mistake, Path};
use node::Node;
use read::Reader;

/// Looks up an environment variable.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Config {
    /// Reads a configuration file. `env` looks up the variables of `${NAME}`, `${env:NAME}` and
    /// `${NAME:-default}`; `$$` is a dollar sign. Substitution happens in values only, once, and cannot add structure.
    /// Errors hold every mistake found, in the order of the file.
    pub fn parse(yaml: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut tree = Node::parse(yaml).map_err(|mistake| ConfigErrors::new(vec![mistake]))?;
        let mut mistakes = Vec::new();
        substitute_all(&mut tree, &Path::default(), env, &mut mistakes);
        let config = read_all(&mut tree, &mut mistakes);
        if let Some(config) = &config {
            add_findings(&tree, config, &mut mistakes);
        }
        match config {
            Some(config) if mistakes.is_empty() => Ok(config),
            _ => Err(ConfigErrors::new(mistakes)),
        }
    }
}

/// Substitutes in every scalar of the tree. A wrong reference is noted and struck.
fn substitute_all(node: &mut Node, path: &Path, env: Environment<'_>, mistakes: &mut Vec<Mistake>) {
    match &mut node.value {
        node::Value::Scalar { text, .. } => match substitute::substitute(text, env) {
            Ok(Cow::Borrowed(_)) => {}
            Ok(Cow::Owned(substituted)) => *text = substituted,
            Err(what) => {
                mistakes.push(Mistake { path: path.to_string(), line: Some(node.line), what });
                node.value = node::Value::Struck;
            }
        },
        node::Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                substitute_all(item, &path.index(index), env, mistakes);
            }
        }
        node::Value::Map(entries) => {
            for (key, value) in entries {
                substitute_all(value, &path.key(key), env, mistakes);
            }
        }
        node::Value::Struck => {}
    }
}

/// Checks what could be read. A finding that rests on a struck value says nothing and is left out.
fn add_findings(tree: &Node, config: &Config, mistakes: &mut Vec<Mistake>) {
    let failed: Vec<String> = mistakes.iter().map(|mistake| mistake.path.clone()).collect();
    for finding in validate::findings(config) {
        let places: Vec<(String, Option<u32>)> = finding.paths.iter().map(|path| tree.locate(path)).collect();
        // What it rests on beside the one to blame may be a section with a mistake in it.
        let doubtful = |(index, (path, _)): (usize, &(String, Option<u32>))| {
            let within = |failed: &String| index > 0 && is_at_or_below(failed, path);
            failed.iter().any(|failed| is_at_or_below(path, failed) || within(failed))
        };
        if places.iter().enumerate().any(doubtful) {
            continue;
        }
        if let Some((path, line)) = places.into_iter().next() {
            mistakes.push(Mistake { path, line, what: finding.what });
        }
    }
}

fn is_at_or_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Reads until no mistake is left. `None` when the document as a whole is not a configuration.
fn read_all(tree: &mut Node, mistakes: &mut Vec<Mistake>) -> Option<Config> {
    if tree.is_null() {
        return Some(Config::default());
    }
    loop {
        match Config::deserialize(Reader::new(tree)) {
            Ok(config) => return Some(config),
            Err(fault) => {
                let (path, mistake) = fault.into_mistake();
                mistakes.extend(mistake);
                // Striking the root, or nothing, would end in the same fault again.
                if !tree.strike(&path) {
                    return None;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
