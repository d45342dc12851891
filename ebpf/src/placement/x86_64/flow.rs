//! A function's instructions and how control passes between them, followed from its entry along direct jumps.
//!
//! Only what is reached so is decoded, so each instruction begins where the processor begins one.

use std::collections::HashMap;

use iced_x86::{
    Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind, Register,
};

use super::instruction::{Frame, is_emulated, slot};
use super::{DEADLY, Function, Planner};

/// Largest flow that is followed, instructions.
const MAX: usize = 8192;
/// Longest instruction, bytes.
const LONGEST: usize = 15;
/// What is read of code outside the function's own bytes at a time.
const CHUNK: usize = 1024;

/// An instruction and what may come next.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) instruction: Instruction,
    pub(super) emulated: bool,
    /// Within the function's own bytes, so that no other function comes here.
    pub(super) own: bool,
    /// Before it.
    pub(super) frame: Frame,
    pub(super) after: After,
}

/// What may come after an instruction: indices of nodes, or an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum After {
    /// These, of this function.
    Nodes(Vec<usize>),
    /// The caller.
    Return,
    /// Another function, which returns to the caller. For a conditional jump: that, or the node.
    Leaves(Option<usize>),
    /// Places that are in a table.
    Table,
    /// Nothing: the program ends here.
    Dies,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Flow {
    /// The entry is the first.
    pub(super) nodes: Vec<Node>,
    /// Address of the entry.
    pub(super) start: u64,
    /// Why it cannot be relied on.
    pub(super) unclear: Option<&'static str>,
    /// Nodes that are the target of a jump.
    pub(super) targets: Vec<bool>,
}

impl Flow {
    pub(super) fn of(planner: &Planner<'_>, function: &Function) -> Self {
        let mut reader = Reader::new(planner, function);
        let unclear = reader.follow().err();
        let targets = reader.targets();
        let mut flow = Self { nodes: reader.nodes, start: function.address, unclear, targets };
        flow.unclear = flow.unclear.or_else(|| flow.overlap());
        flow
    }

    pub(super) fn successors(&self, node: usize) -> &[usize] {
        match &self.nodes[node].after {
            After::Nodes(nodes) => nodes,
            After::Leaves(Some(node)) => std::slice::from_ref(node),
            _ => &[],
        }
    }

    pub(super) fn has_tables(&self) -> bool {
        self.nodes.iter().any(|node| node.after == After::Table)
    }

    pub(super) fn returns(&self) -> Vec<u64> {
        self.addresses(|node| node.after == After::Return)
    }

    /// Direct calls of `callee`, emulated ones.
    pub(super) fn calls(&self, callee: u64) -> Vec<u64> {
        self.addresses(|node| {
            let call = &node.instruction;
            node.emulated
                && call.flow_control() == FlowControl::Call
                && call.is_call_near()
                && call.near_branch_target() == callee
        })
    }

    fn addresses(&self, wanted: impl Fn(&Node) -> bool) -> Vec<u64> {
        let wanted = self.nodes.iter().filter(|node| wanted(node));
        let mut found: Vec<_> = wanted.map(|node| node.instruction.ip()).collect();
        found.sort_unstable();
        found
    }

    /// Two instructions that share bytes: data was taken for code, or the code plays tricks.
    fn overlap(&self) -> Option<&'static str> {
        let mut spans: Vec<_> =
            self.nodes.iter().map(|node| (node.instruction.ip(), node.instruction.next_ip())).collect();
        spans.sort_unstable();
        spans.windows(2).any(|pair| pair[0].1 > pair[1].0).then_some("its instructions overlap")
    }
}

struct Reader<'a> {
    planner: &'a Planner<'a>,
    function: &'a Function,
    chunks: Vec<(u64, Vec<u8>)>,
    nodes: Vec<Node>,
    known: HashMap<u64, usize>,
    jumped_to: Vec<usize>,
    factory: InstructionInfoFactory,
}

impl<'a> Reader<'a> {
    fn new(planner: &'a Planner<'a>, function: &'a Function) -> Self {
        let length = usize::try_from(function.size).unwrap_or(usize::MAX).min(MAX * LONGEST);
        let own = planner.image.code(function.address, length.saturating_add(LONGEST));
        Self {
            planner,
            function,
            chunks: vec![(function.address, own)],
            nodes: Vec::new(),
            known: HashMap::new(),
            jumped_to: Vec::new(),
            factory: InstructionInfoFactory::new(),
        }
    }

    fn targets(&self) -> Vec<bool> {
        let mut targets = vec![false; self.nodes.len()];
        for node in &self.jumped_to {
            targets[*node] = true;
        }
        targets
    }

    fn follow(&mut self) -> Result<(), &'static str> {
        let mut open = Vec::new();
        self.node(self.function.address, Frame::CALLED, &mut open)?;
        while let Some(index) = open.pop() {
            let after = self.after(index, &mut open)?;
            self.nodes[index].after = after;
        }
        Ok(())
    }

    /// The node at an address, decoded when it is new.
    fn node(&mut self, address: u64, frame: Frame, open: &mut Vec<usize>) -> Result<usize, &'static str> {
        if let Some(known) = self.known.get(&address) {
            return Ok(*known);
        }
        if self.nodes.len() >= MAX {
            return Err("it is too large to follow");
        }
        let (instruction, emulated) = self.decode(address).ok_or("it holds bytes that are no instruction")?;
        let index = self.nodes.len();
        self.nodes.push(Node { instruction, emulated, own: self.is_own(address), frame, after: After::Dies });
        self.known.insert(address, index);
        open.push(index);
        Ok(index)
    }

    fn decode(&mut self, address: u64) -> Option<(Instruction, bool)> {
        let covers = |(start, bytes): &(u64, Vec<u8>)| {
            address.checked_sub(*start).and_then(|into| usize::try_from(into).ok()).filter(|into| {
                // The last bytes of a chunk may be half an instruction, unless there is no more code.
                into + LONGEST <= bytes.len()
            })
        };
        let found = self.chunks.iter().enumerate().find_map(|(index, chunk)| Some((index, covers(chunk)?)));
        let (index, into) = found.unwrap_or_else(|| {
            self.chunks.push((address, self.planner.image.code(address, CHUNK)));
            (self.chunks.len() - 1, 0)
        });
        let bytes = self.chunks[index].1.get(into..)?;
        let instruction = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE).decode();
        let emulated = is_emulated(bytes.get(..instruction.len())?);
        (!instruction.is_invalid()).then_some((instruction, emulated))
    }

    fn after(&mut self, index: usize, open: &mut Vec<usize>) -> Result<After, &'static str> {
        let instruction = self.nodes[index].instruction;
        let frame = self.nodes[index].frame.after(&mut self.factory, &instruction);
        match instruction.flow_control() {
            FlowControl::Return => Ok(After::Return),
            FlowControl::Exception | FlowControl::Interrupt => Ok(After::Dies),
            FlowControl::XbeginXabortXend => Err("it uses transactions"),
            FlowControl::Call
                if instruction.is_call_near() && self.is_deadly(instruction.near_branch_target()) =>
            {
                Ok(After::Dies)
            }
            FlowControl::IndirectCall
                if slot(&instruction).is_some_and(|slot| self.planner.deadly.contains(&slot)) =>
            {
                Ok(After::Dies)
            }
            FlowControl::Next | FlowControl::Call | FlowControl::IndirectCall => {
                self.next(&instruction, frame, open)
            }
            FlowControl::UnconditionalBranch => {
                let target = instruction.near_branch_target();
                Ok(match self.jump(target, frame, open)? {
                    Some(node) => After::Nodes(vec![node]),
                    None if self.is_deadly(target) => After::Dies,
                    None => After::Leaves(None),
                })
            }
            FlowControl::ConditionalBranch => {
                let target = instruction.near_branch_target();
                let jump = self.jump(target, frame, open)?;
                let mut nodes = match self.next(&instruction, frame, open)? {
                    After::Nodes(nodes) => nodes,
                    _ => Vec::new(),
                };
                match jump {
                    Some(node) => nodes.push(node),
                    None if self.is_deadly(target) => {}
                    None => return Ok(After::Leaves(nodes.first().copied())),
                }
                Ok(After::Nodes(nodes))
            }
            FlowControl::IndirectBranch => Ok(match slot(&instruction) {
                Some(slot) if self.planner.deadly.contains(&slot) => After::Dies,
                Some(_) => After::Leaves(None),
                None if frame.stack == Some(0) && !self.is_table(index) => After::Leaves(None),
                None => After::Table,
            }),
        }
    }

    /// What stands behind. Nothing where the function ends: a call there does not return.
    fn next(
        &mut self,
        instruction: &Instruction,
        frame: Frame,
        open: &mut Vec<usize>,
    ) -> Result<After, &'static str> {
        let address = instruction.next_ip();
        if !self.is_own(address) && (self.is_own(instruction.ip()) || self.planner.names.begins(address)) {
            return Ok(After::Dies);
        }
        Ok(After::Nodes(vec![self.node(address, frame, open)?]))
    }

    /// The node a direct jump leads to; `None` if it is a function of its own.
    fn jump(
        &mut self,
        target: u64,
        frame: Frame,
        open: &mut Vec<usize>,
    ) -> Result<Option<usize>, &'static str> {
        let other = !self.is_own(target)
            && (self.planner.names.begins(target) && !self.is_cold_part(target)
                || self.stub(target).is_some());
        if other {
            return Ok(None);
        }
        let node = self.node(target, frame, open)?;
        self.jumped_to.push(node);
        Ok(Some(node))
    }

    fn is_own(&self, address: u64) -> bool {
        address.checked_sub(self.function.address).is_some_and(|into| into < self.function.size)
    }

    /// Compilers put what is rarely executed elsewhere, as `NAME.cold`.
    fn is_cold_part(&self, address: u64) -> bool {
        let prefix = format!("{}.cold", self.function.name);
        self.planner.names.names_at(address).any(|name| name.starts_with(prefix.as_bytes()))
    }

    /// The slot that a stub for calls to other images jumps through.
    fn stub(&mut self, address: u64) -> Option<u64> {
        let mut address = address;
        for _ in 0..2 {
            let (instruction, _) = self.decode(address)?;
            if instruction.mnemonic() == Mnemonic::Endbr64 {
                address = instruction.next_ip();
                continue;
            }
            return (instruction.flow_control() == FlowControl::IndirectBranch)
                .then(|| slot(&instruction))?;
        }
        None
    }

    fn is_deadly(&mut self, target: u64) -> bool {
        self.stub(target).is_some_and(|slot| self.planner.deadly.contains(&slot))
            || self
                .planner
                .names
                .names_at(target)
                .any(|name| DEADLY.iter().any(|deadly| deadly.as_bytes() == name))
    }

    /// Whether an indirect jump with an empty frame takes its target from a table rather than being a call of a function: its target
    /// was indexed or just added up, or it is exempt from branch tracking, which compilers do for tables.
    fn is_table(&self, index: usize) -> bool {
        let jump = &self.nodes[index].instruction;
        if jump.op0_kind() == OpKind::Memory {
            return jump.memory_index() != Register::None || jump.segment_prefix() == Register::DS;
        }
        let before = self.nodes.iter().find(|node| node.instruction.next_ip() == jump.ip());
        jump.segment_prefix() == Register::DS
            || before.is_none_or(|before| {
                let sum = &before.instruction;
                sum.mnemonic() == Mnemonic::Add
                    && sum.op0_kind() == OpKind::Register
                    && sum.op0_register() == jump.op0_register()
            })
    }
}
