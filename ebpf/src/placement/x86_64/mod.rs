//! `x86_64`: reads the function's control flow and proves where a probe may go.

mod entry;
mod exit;
mod flow;
mod instruction;

use super::{Convention, DEADLY, Entry, Exit, Function, Planner};
use flow::Flow;

pub(super) fn place(
    planner: &Planner<'_>,
    function: &Function,
    convention: Convention,
) -> (Entry, Option<String>, Exit) {
    let flow = Flow::of(planner, function);
    let (entry, why) = entry::place(&flow, convention);
    let exit = exit::place(&flow, &entry);
    (entry, why, exit)
}

pub(super) fn returns(planner: &Planner<'_>, function: &Function) -> Vec<u64> {
    let flow = Flow::of(planner, function);
    if flow.unclear.is_some() || flow.has_tables() { Vec::new() } else { flow.returns() }
}

#[cfg(test)]
mod tests;
