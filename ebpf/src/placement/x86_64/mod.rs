//! `x86_64`: reads the function's control flow and proves where a probe may go.

mod entry;
mod exit;
mod flow;
mod instruction;

use iced_x86::{Decoder, DecoderOptions};

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

pub(super) fn is_emulated(code: &[u8]) -> bool {
    let length = Decoder::new(64, code, DecoderOptions::NONE).decode().len();
    code.get(..length).is_some_and(instruction::is_emulated)
}

pub(super) fn returns(planner: &Planner<'_>, function: &Function) -> Vec<u64> {
    let flow = Flow::of(planner, function);
    if flow.unclear.is_some() || flow.has_tables() { Vec::new() } else { flow.returns() }
}

pub(super) fn calls(planner: &Planner<'_>, function: &Function, callee: u64) -> Vec<u64> {
    let flow = Flow::of(planner, function);
    if flow.unclear.is_some() || flow.has_tables() { Vec::new() } else { flow.calls(callee) }
}

#[cfg(test)]
mod tests;
