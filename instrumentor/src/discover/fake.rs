//! A tree that looks like /proc, for tests.
use std::{fs, os::unix::fs::symlink};

use super::ProcFs;

/// Lives as long as the value.
pub(super) struct FakeProc {
    root: tempfile::TempDir,
}

impl FakeProc {
    pub(super) fn new() -> Self {
        Self { root: tempfile::tempdir().expect("a temporary directory") }
    }

    pub(super) fn fs(&self) -> ProcFs {
        ProcFs::at(self.root.path())
    }

    pub(super) fn write(&self, pid: u32, name: &str, content: &[u8]) {
        let path = self.root.path().join(format!("{pid}/{name}"));
        fs::create_dir_all(path.parent().expect("below the root")).expect("a directory");
        fs::write(path, content).expect("a file");
    }

    pub(super) fn link(&self, pid: u32, name: &str, target: &str) {
        let path = self.root.path().join(format!("{pid}/{name}"));
        fs::create_dir_all(path.parent().expect("below the root")).expect("a directory");
        let _ = fs::remove_file(&path); // may not exist yet
        symlink(target, path).expect("a link");
    }

    /// A process with an executable, NUL-separated arguments, a parent and a start time.
    pub(super) fn process(&self, pid: u32, exe: &str, arguments: &str, parent: u32, start: u64) {
        let name = exe.rsplit('/').next().expect("rsplit gives at least one part");
        self.link(pid, "exe", exe);
        self.write(pid, "cmdline", arguments.as_bytes());
        self.write(pid, "comm", format!("{name}\n").as_bytes());
        let line = format!("{pid} ({name}) S {parent} 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0");
        self.write(pid, "stat", line.as_bytes());
    }

    /// Lets a process listen on a TCP port. One socket table holds all that were added to this process.
    pub(super) fn listen(&self, pid: u32, port: u16, inode: u64) {
        let table = self.root.path().join(format!("{pid}/net/tcp"));
        let before =
            fs::read_to_string(table).unwrap_or_else(|_| "  sl  local_address rem_address   st\n".to_owned());
        let line = format!(
            "   0: 00000000:{port:04X} 00000000:0000 0A 0:0 00:0 00000000     0        0 {inode} 1\n"
        );
        self.write(pid, "net/tcp", (before + &line).as_bytes());
        self.link(pid, &format!("fd/{inode}"), &format!("socket:[{inode}]"));
    }

    pub(super) fn remove(&self, pid: u32) {
        fs::remove_dir_all(self.root.path().join(pid.to_string())).expect("the process exists");
    }
}
