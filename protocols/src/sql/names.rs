//! Names or numbers of prepared statements and portals -> their statements, within bounds.

use std::collections::HashMap;
use std::sync::Arc;

use super::Statement;

/// Most names kept of a connection. Drivers have up to 512 by themselves (pgx), besides those that a program gives.
const MAX_NAMES: usize = 1024;
/// Most bytes of names and texts kept.
const MAX_BYTES: usize = 512 * 1024;

/// What names stand for. One that is not kept stands for nothing, as if it had been given before the agent came.
#[derive(Debug, Default)]
pub(crate) struct Names {
    statements: HashMap<Box<[u8]>, Arc<Statement>>,
    bytes: usize,
}

impl Names {
    pub(crate) fn get(&self, name: &[u8]) -> Option<Arc<Statement>> {
        self.statements.get(name).cloned()
    }

    /// The name now stands for this statement, or for one that is unknown.
    pub(crate) fn set(&mut self, name: &[u8], statement: Option<Arc<Statement>>) {
        self.remove(name);
        let Some(statement) = statement else { return };
        let cost = cost(name, &statement);
        if self.statements.len() < MAX_NAMES && self.bytes + cost <= MAX_BYTES {
            self.bytes += cost;
            self.statements.insert(name.into(), statement);
        }
    }

    /// It is unknown what any of them stands for now.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        if let Some(old) = self.statements.remove(name) {
            self.bytes -= cost(name, &old);
        }
    }
}

fn cost(name: &[u8], statement: &Statement) -> usize {
    name.len() + statement.text.len() + statement.summary.len()
}
