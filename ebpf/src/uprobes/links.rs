//! Which links there are: for each file, held by the processes that need them.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::{Scope, UprobeLink, release};
use crate::elf::FileId;

/// Who shares a file's probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Each process has its own. Processes that were not selected pay nothing; a child has none until it is given them.
    Own,
    /// All processes that map the file hit them, children from their first instruction. For programs that are selected as a whole, and
    /// those that fork for each connection.
    Shared,
}

/// Links by file, each kept for as long as a process needs it. A file is known by its inode, so that one that was replaced on disk, or is
/// seen under several paths, is what it is.
#[derive(Debug, Default)]
pub struct Links {
    held: HashMap<Key, Held>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    file: FileId,
    /// What the probes are for: a file may serve several purposes.
    purpose: &'static str,
    /// Whose, unless shared.
    pid: Option<u32>,
}

#[derive(Debug)]
struct Held {
    link: UprobeLink,
    pids: BTreeSet<u32>,
}

impl Links {
    /// Makes sure that `pid` has the probes of a purpose in a file; `attach` is called if they are not there yet. Tells whether it was.
    pub fn hold<E>(
        &mut self,
        file: FileId,
        purpose: &'static str,
        pid: u32,
        sharing: Sharing,
        attach: impl FnOnce(Scope) -> Result<UprobeLink, E>,
    ) -> Result<bool, E> {
        let own = sharing == Sharing::Own;
        let key = Key { file, purpose, pid: own.then_some(pid) };
        if let Some(held) = self.held.get_mut(&key) {
            held.pids.insert(pid);
            return Ok(false);
        }
        let link = attach(if own { Scope::Process(pid) } else { Scope::Everyone })?;
        self.held.insert(key, Held { link, pids: BTreeSet::from([pid]) });
        Ok(true)
    }

    /// Whether `pid` has the probes of a purpose in a file.
    pub fn holds(&self, file: FileId, purpose: &'static str, pid: u32) -> bool {
        [Some(pid), None]
            .iter()
            .filter_map(|owner| self.held.get(&Key { file, purpose, pid: *owner }))
            .any(|held| held.pids.contains(&pid))
    }

    /// `pid` needs its probes no longer: it is gone, runs another program, or was deselected. Gives back the links that nobody needs now, to
    /// be [released](release) where waiting does no harm.
    #[must_use = "dropping the links here waits for the kernel"]
    pub fn give_up(&mut self, pid: u32) -> Vec<UprobeLink> {
        self.give_up_where(pid, |_| true)
    }

    /// The same for just those in `files`.
    #[must_use = "dropping the links here waits for the kernel"]
    pub fn give_up_where(&mut self, pid: u32, files: impl Fn(FileId) -> bool) -> Vec<UprobeLink> {
        self.keep(|key, held| {
            if files(key.file) {
                held.pids.remove(&pid);
            }
            !held.pids.is_empty()
        })
    }

    /// The same for just one purpose.
    #[must_use = "dropping the links here waits for the kernel"]
    pub fn give_up_purpose(&mut self, purpose: &'static str) -> Vec<UprobeLink> {
        self.keep(|key, _| key.purpose != purpose)
    }

    /// Releases everything. Returns how many links were still open when patience ran out.
    pub fn close(&mut self, patience: Duration) -> usize {
        release(self.keep(|_, _| false), patience)
    }

    /// Links there are.
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Places where programs are.
    pub fn points(&self) -> usize {
        self.held.values().map(|held| held.link.points()).sum()
    }

    fn keep(&mut self, mut wanted: impl FnMut(&Key, &mut Held) -> bool) -> Vec<UprobeLink> {
        self.held.extract_if(|key, held| !wanted(key, held)).map(|(_, held)| held.link).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId { device: 1, inode: 2 };

    fn hold(
        links: &mut Links,
        file: FileId,
        purpose: &'static str,
        pid: u32,
        sharing: Sharing,
    ) -> Option<Scope> {
        let mut made = None;
        links
            .hold(file, purpose, pid, sharing, |scope| {
                made = Some(scope);
                Ok::<_, ()>(UprobeLink { held: Vec::new(), points: 1, refused: Vec::new() })
            })
            .expect("attaching was made to succeed");
        made
    }

    #[test]
    fn a_shared_link_lives_as_long_as_its_last_process() {
        let mut links = Links::default();
        assert_eq!(hold(&mut links, FILE, "tls", 10, Sharing::Shared), Some(Scope::Everyone));
        assert_eq!(hold(&mut links, FILE, "tls", 11, Sharing::Shared), None);
        assert!(links.holds(FILE, "tls", 11) && !links.holds(FILE, "tls", 12));
        assert!(links.give_up(10).is_empty());
        assert_eq!((links.give_up(11).len(), links.len()), (1, 0));
    }

    #[test]
    fn own_links_end_with_their_process() {
        let mut links = Links::default();
        assert_eq!(hold(&mut links, FILE, "tls", 10, Sharing::Own), Some(Scope::Process(10)));
        assert_eq!(hold(&mut links, FILE, "tls", 10, Sharing::Own), None);
        assert_eq!(hold(&mut links, FILE, "tls", 11, Sharing::Own), Some(Scope::Process(11)));
        assert_eq!((links.give_up(10).len(), links.len(), links.points()), (1, 1, 1));
        assert!(links.holds(FILE, "tls", 11));
    }

    #[test]
    fn a_file_alone_can_be_given_up() {
        let mut links = Links::default();
        let other = FileId { inode: 3, ..FILE };
        for file in [FILE, other] {
            hold(&mut links, file, "tls", 10, Sharing::Own);
            hold(&mut links, file, "tls", 11, Sharing::Own);
        }
        assert_eq!(links.give_up_where(10, |file| file == other).len(), 1);
        assert!(
            links.holds(FILE, "tls", 10) && !links.holds(other, "tls", 10) && links.holds(other, "tls", 11)
        );
    }

    #[test]
    fn purposes_and_files_are_apart() {
        let mut links = Links::default();
        let replaced = FileId { inode: 3, ..FILE };
        for (file, purpose) in [(FILE, "tls"), (FILE, "usdt"), (replaced, "tls")] {
            assert!(hold(&mut links, file, purpose, 10, Sharing::Shared).is_some());
        }
        assert_eq!((links.give_up_purpose("tls").len(), links.len()), (2, 1));
        assert_eq!((links.close(Duration::from_secs(1)), links.is_empty()), (0, true));
    }

    #[test]
    fn what_could_not_be_attached_is_not_held() {
        let mut links = Links::default();
        assert_eq!(links.hold(FILE, "tls", 10, Sharing::Own, |_| Err("no")), Err("no"));
        assert!(links.is_empty());
    }
}
