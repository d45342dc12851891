//! What a probe inside a program means: told to the kernel before the probe is attached.

use crate::abi::RawMark;

/// Numbers a mark can take (`US_NUMBERS`).
pub const NUMBERS: usize = 8;
/// Intervals that can be under way in a thread, each in a slot of its own (`US_SLOTS`).
pub const SLOTS: usize = 8;
/// Totals of a thread: those of the slots, then others (`US_TOTALS`).
pub const TOTALS: usize = 16;
/// Longest text of a moment, bytes (`US_TEXT`).
pub const TEXT_MAX: usize = 64;
/// Marks there can be (`US_MARKS`).
pub const MARKS_MAX: usize = 256;

/// Marks from this number on are those that the configuration declares: their passes count as calls of the process, and what is not told
/// of them is counted.
pub const DECLARED: u32 = 128;

/// Where a function's result is, among its arguments.
pub const RESULT: u8 = 6;

/// No such argument.
const NONE: u8 = 0xff;

const EVENT: u8 = 1;
const BEGIN: u8 = 2;
const END: u8 = 3;
const COUNT: u8 = 4;
const ADD: u8 = 5;
const CALL: u8 = 6;
const DONE: u8 = 7;
const NESTS: u8 = 0x01;
const TOTAL: u8 = 0x02;
const FLUSH: u8 = 0x04;
const RESET: u8 = 0x08;
const EACH: u8 = 0x10;

/// What is to be done when a thread passes a probe. Arguments are counted from 0; of a function, 0 to 5 are its integer arguments and
/// [`RESULT`] is its result.
#[derive(Debug, Clone, Copy)]
pub struct Mark(RawMark);

impl Mark {
    /// Tell of it at once. What it takes passes through a slot, which no interval may use that takes something as well.
    pub const fn event(slot: u8) -> Self {
        Self::of(EVENT, slot)
    }

    /// An interval of the thread begins in a slot.
    pub const fn begin(slot: u8) -> Self {
        Self::of(BEGIN, slot)
    }

    /// The interval in a slot ends: tell of it, with what its beginning took, and the first two numbers of this mark.
    pub const fn end(slot: u8) -> Self {
        Self::of(END, slot)
    }

    /// Count for the process, under this mark's number.
    pub const COUNT: Self = Self::of(COUNT, 0);

    /// Count for the thread, in a total from [`SLOTS`] to [`TOTALS`].
    pub const fn add(total: u8) -> Self {
        Self::of(ADD, total)
    }

    /// A call begins, perhaps within others of the same mark; the number behind this one is that of its [`DONE`](Self::DONE). With
    /// [`each`](Self::each) it is told at once and has no end. From [`DECLARED`] on.
    pub const CALL: Self = Self::of(CALL, 0);

    /// The latest call of the mark before this one ends: tell of it, with what its beginning took, and the first number of this mark.
    pub const DONE: Self = Self::of(DONE, 0);

    const fn of(action: u8, slot: u8) -> Self {
        Self(RawMark {
            action,
            slot,
            flags: 0,
            first: 0,
            numbers: 0,
            chooser: NONE,
            unless: NONE,
            closes: NONE,
            text: [NONE; 2],
            length: [NONE; 2],
            width: 0,
            sign: 0,
            pad: [0; 2],
        })
    }

    /// Takes `count` arguments as numbers, at most [`NUMBERS`], from `first` on.
    #[must_use]
    pub const fn numbers(mut self, first: u8, count: u8) -> Self {
        self.0.first = first;
        self.0.numbers = count;
        self
    }

    /// Takes text, at most twice.
    #[must_use]
    pub const fn text(mut self, address: u8, length: Option<u8>) -> Self {
        let index = if self.0.text[0] == NONE { 0 } else { 1 };
        self.0.text[index] = address;
        self.0.length[index] = match length {
            Some(length) => length,
            None => NONE,
        };
        self
    }

    /// Intervals in this slot can be within each other; only the outermost matters. For both ends.
    #[must_use]
    pub const fn nests(mut self) -> Self {
        self.0.flags |= NESTS;
        self
    }

    /// Of a beginning: it is told at once, as an event, as well. Of an end: those within the outermost are told, too, as events, and each
    /// takes its own numbers and text. Of a call: it has no end.
    #[must_use]
    pub const fn each(mut self) -> Self {
        self.0.flags |= EACH;
        self
    }

    /// The interval goes into the thread's totals.
    #[must_use]
    pub const fn total(mut self) -> Self {
        self.0.flags |= TOTAL;
        self
    }

    /// Afterwards, tell of the thread's totals.
    #[must_use]
    pub const fn flush(mut self) -> Self {
        self.0.flags |= FLUSH;
        self
    }

    /// Afterwards, no interval of the thread is under way: after an error, some have no end.
    #[must_use]
    pub const fn reset(mut self) -> Self {
        self.0.flags |= RESET;
        self
    }

    /// The interval in this slot, if one is under way, ends here and is told as cut.
    #[must_use]
    pub const fn closes(mut self, slot: u8) -> Self {
        self.0.closes = slot;
        self
    }

    /// Counts for the next total (or number of a mark) where this argument is 0.
    #[must_use]
    pub const fn unless_zero(mut self, argument: u8) -> Self {
        self.0.chooser = argument;
        self
    }

    /// Counts only where this argument is 0.
    #[must_use]
    pub const fn only_if_zero(mut self, argument: u8) -> Self {
        self.0.unless = argument;
        self
    }

    /// Counts not passes but adds up an argument, of which so many bits (8 to 64) matter. One that is negative is counted as such, and not
    /// added.
    #[must_use]
    pub const fn adds(mut self, argument: u8, bits: u8, signed: bool) -> Self {
        self.0.first = argument;
        self.0.width = bits;
        self.0.sign = signed as u8;
        self
    }

    pub(crate) fn raw(self) -> RawMark {
        self.0
    }
}
