//! The entry: along the way that every call takes, up to the first fork.

use iced_x86::InstructionInfoFactory;

use super::flow::{After, Flow};
use super::instruction::{arguments, text, writes};
use super::{Convention, Entry};

pub(super) fn place(flow: &Flow, convention: Convention) -> (Entry, Option<String>) {
    match find(flow, convention) {
        Ok(node) => (at(flow, node), None),
        Err(why) => (at(flow, 0), (!flow.nodes.first().is_some_and(|node| node.emulated)).then_some(why)),
    }
}

fn find(flow: &Flow, convention: Convention) -> Result<usize, String> {
    let untouched = arguments(convention);
    let mut factory = InstructionInfoFactory::new();
    let mut node = 0;
    loop {
        let Some(current) = flow.nodes.get(node) else {
            return Err(format!("first instruction: {}", flow.unclear.unwrap_or("no code there")));
        };
        // Somebody jumps back here: it would fire more than once in a call.
        if node != 0 && flow.targets[node] {
            return Err(format!("first instruction: +{:#x} is jumped to", distance(flow, node)));
        }
        if current.emulated {
            return match flow.unclear {
                // At the entry itself, nothing has to be proven.
                _ if node == 0 => Ok(node),
                Some(why) => Err(format!("first instruction: {why}")),
                None if hidden_jump_possible(flow, node) => {
                    Err("first instruction: a jump table might lead back before the next".to_owned())
                }
                None => Ok(node),
            };
        }
        if writes(&mut factory, &current.instruction, untouched) {
            return Err(format!(
                "first instruction: `{}` at +{:#x} changes an argument",
                text(&current.instruction),
                distance(flow, node)
            ));
        }
        match &current.after {
            After::Nodes(next) if next.len() == 1 => node = next[0],
            _ => return Err("first instruction: none that is emulated comes before it ends".to_owned()),
        }
    }
}

/// Whether a jump whose target is not known could lead to `node`: only with the same frame there.
fn hidden_jump_possible(flow: &Flow, node: usize) -> bool {
    let here = flow.nodes[node].frame.stack;
    flow.nodes
        .iter()
        .filter(|jump| jump.after == After::Table)
        .any(|jump| here.is_none() || jump.frame.stack.is_none() || jump.frame.stack <= here)
}

/// An instruction before the stack pointer has moved, emulated if there is one: where a return probe may be set.
pub(super) fn before_the_frame(flow: &Flow) -> usize {
    let mut node = 0;
    while let Some(current) = flow.nodes.get(node) {
        let usable = current.frame.stack == Some(0) && (node == 0 || !flow.targets[node]);
        if !usable || flow.unclear.is_some() {
            break;
        }
        if current.emulated && !hidden_jump_possible(flow, node) {
            return node;
        }
        match &current.after {
            After::Nodes(next) if next.len() == 1 => node = next[0],
            _ => break,
        }
    }
    0
}

pub(super) fn distance(flow: &Flow, node: usize) -> u64 {
    flow.nodes[node].instruction.ip().wrapping_sub(flow.start)
}

fn at(flow: &Flow, node: usize) -> Entry {
    let Some(found) = flow.nodes.get(node) else {
        return Entry { offset: 0, distance: 0, emulated: false, depth: 0, instruction: "?".to_owned() };
    };
    Entry {
        offset: 0,
        distance: distance(flow, node),
        emulated: found.emulated,
        depth: found.frame.stack.and_then(|stack| u32::try_from(stack).ok()).unwrap_or(0),
        instruction: text(&found.instruction),
    }
}
