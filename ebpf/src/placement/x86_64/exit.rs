//! The exit: an emulated instruction that every return passes once, behind the last change of the result.

use iced_x86::{FlowControl, InstructionInfoFactory, Register};

use super::entry::{before_the_frame, distance};
use super::flow::{After, Flow};
use super::instruction::{text, writes};
use super::{Entry, Exit};

pub(super) fn place(flow: &Flow, entry: &Entry) -> Exit {
    match find(flow, entry) {
        Ok(node) => Exit::Site {
            offset: 0,
            distance: distance(flow, node),
            instruction: text(&flow.nodes[node].instruction),
        },
        Err(why) => {
            let node = before_the_frame(flow);
            let emulated = flow.nodes.get(node).is_some_and(|node| node.emulated);
            let distance = if flow.nodes.is_empty() { 0 } else { distance(flow, node) };
            Exit::Probe { offset: 0, distance, emulated, why: why.to_owned() }
        }
    }
}

fn find(flow: &Flow, entry: &Entry) -> Result<usize, &'static str> {
    if let Some(why) = flow.unclear {
        return Err(why);
    }
    if flow.has_tables() {
        return Err("a jump table hides part of the function");
    }
    if flow.nodes.iter().any(|node| matches!(node.after, After::Leaves(_))) {
        return Err("it may end with a jump to another function, which then returns for it");
    }
    if flow.targets.first() == Some(&true) {
        return Err("it jumps back to its beginning");
    }
    if !flow.nodes.iter().any(|node| node.after == After::Return) {
        return Err("no return instruction was found");
    }
    let facts = Facts::of(flow);
    let mut best: Option<(usize, usize)> = None;
    for (index, node) in flow.nodes.iter().enumerate() {
        if !node.emulated || !node.own || !facts.returning[index] || distance(flow, index) == entry.distance {
            continue;
        }
        if let Some(left) = facts.instructions_left(flow, index)
            && best.is_none_or(|(_, fewest)| left < fewest)
            && facts.every_return_passes(flow, index)
        {
            best = Some((index, left));
        }
    }
    best.map(|(index, _)| index).ok_or(
        "no emulated instruction stands on the way of every return behind the last change of the result",
    )
}

/// What is known of each node.
struct Facts {
    /// A return can be reached from it.
    returning: Vec<bool>,
    /// It may change the result register.
    changes_result: Vec<bool>,
}

impl Facts {
    fn of(flow: &Flow) -> Self {
        let mut factory = InstructionInfoFactory::new();
        let changes_result = flow
            .nodes
            .iter()
            .map(|node| {
                let call =
                    matches!(node.instruction.flow_control(), FlowControl::Call | FlowControl::IndirectCall);
                call || writes(&mut factory, &node.instruction, &[Register::RAX])
            })
            .collect();
        let mut before = vec![Vec::new(); flow.nodes.len()];
        for node in 0..flow.nodes.len() {
            for next in flow.successors(node) {
                before[*next].push(node);
            }
        }
        let ends = (0..flow.nodes.len()).filter(|node| flow.nodes[*node].after == After::Return);
        let returning = reach(flow.nodes.len(), ends, |node| &before[node]);
        Self { returning, changes_result }
    }

    /// How many instructions may be executed between `node` and the return. `None` if it is passed again or the result changes on the way,
    /// or was not there yet.
    fn instructions_left(&self, flow: &Flow, node: usize) -> Option<usize> {
        let behind =
            reach(flow.nodes.len(), flow.successors(node).iter().copied(), |node| flow.successors(node));
        let returning = (0..flow.nodes.len()).filter(|other| behind[*other] && self.returning[*other]);
        let mut left = 0;
        for other in returning {
            if other == node || self.changes_result[other] {
                return None;
            }
            left += 1;
        }
        let result_is_there = (0..flow.nodes.len())
            .any(|other| self.changes_result[other] && self.returning[other] && other != node);
        (result_is_there && !self.changes_result[node]).then_some(left)
    }

    fn every_return_passes(&self, flow: &Flow, node: usize) -> bool {
        let around = reach(flow.nodes.len(), std::iter::once(0).filter(|first| *first != node), |other| {
            if other == node { &[] } else { flow.successors(other) }
        });
        !(0..flow.nodes.len())
            .any(|other| other != node && around[other] && flow.nodes[other].after == After::Return)
            && self.returning[node]
    }
}

/// Everything that can be reached from `from`, itself included.
fn reach<'a>(
    count: usize,
    from: impl Iterator<Item = usize>,
    next: impl Fn(usize) -> &'a [usize],
) -> Vec<bool> {
    let mut reached = vec![false; count];
    let mut open: Vec<usize> = from.collect();
    while let Some(node) = open.pop() {
        if !std::mem::replace(&mut reached[node], true) {
            open.extend(next(node));
        }
    }
    reached
}
