//! The dynamic table (RFC 7541, 2.3.2 and 4), as far as it is known.

use std::collections::VecDeque;

/// What an entry costs beside its name and value.
const ENTRY_COST: usize = 32;

/// Size the table has until the encoder says otherwise (RFC 9113, 6.5.2).
const DEFAULT_LIMIT: usize = 4096;

/// Largest table kept: what browsers offer. An encoder with a larger one refers to entries that are unknown here.
const MAX_LIMIT: usize = 64 * 1024;

/// One entry.
#[derive(Debug)]
pub(super) struct Entry {
    /// `None`: it was inserted under the name of an entry that is unknown.
    pub(super) name: Option<Box<[u8]>>,
    pub(super) value: Box<[u8]>,
}

/// The newest entries of the table.
#[derive(Debug)]
pub(super) struct Table {
    /// Newest first.
    entries: VecDeque<Entry>,
    /// At most what the encoder counts, since unknown names count nothing.
    size: usize,
    limit: usize,
    /// The limit is that of the encoder.
    limit_known: bool,
    /// There are no entries beyond those known.
    whole: bool,
}

impl Table {
    /// At the beginning of a connection.
    pub(super) fn empty() -> Self {
        Self { limit_known: true, whole: true, ..Self::unknown() }
    }

    /// With entries nobody saw, and a limit nobody knows.
    pub(super) fn unknown() -> Self {
        Self { entries: VecDeque::new(), size: 0, limit: DEFAULT_LIMIT, limit_known: false, whole: false }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The entry with that many newer ones.
    pub(super) fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    pub(super) fn insert(&mut self, entry: Entry) {
        self.size += entry.size();
        self.entries.push_front(entry);
        // One larger than the limit leaves nothing, itself included (RFC 7541, 4.4).
        self.evict();
    }

    /// The encoder changed the limit.
    pub(super) fn resize(&mut self, limit: usize) {
        self.limit = limit.min(MAX_LIMIT);
        self.limit_known = limit <= MAX_LIMIT;
        self.evict();
        self.whole |= limit == 0;
    }

    fn evict(&mut self) {
        while self.size > self.limit
            && let Some(oldest) = self.entries.pop_back()
        {
            self.size -= oldest.size();
            // Whatever was there before it is gone from the encoder's table too, unless only this one is too small.
            self.whole = self.limit_known;
        }
        if self.entries.is_empty() {
            self.entries.shrink_to(0);
        }
    }
}

impl Entry {
    fn size(&self) -> usize {
        self.name.as_ref().map_or(0, |name| name.len()) + self.value.len() + ENTRY_COST
    }
}
