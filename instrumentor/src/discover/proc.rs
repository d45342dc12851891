//! Readers of /proc. Every read is bounded, and a process that is gone is simply `None`.
use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

/// Longest beginning of a command line that is read, in bytes.
const COMMAND_LINE: u64 = 16 << 10;
/// Longest beginning of an environment or a memory map that is searched, in bytes.
const ENVIRONMENT: u64 = 256 << 10;
/// Longest beginning of any other file, in bytes.
const SMALL: u64 = 64 << 10;

/// `/proc`, or a tree that looks like it.
#[derive(Debug, Clone)]
pub struct ProcFs {
    root: PathBuf,
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Process id of the parent; 0 when it has none in this namespace.
    pub parent: u32,
    /// When the process started, in clock ticks (1/100 s) since boot. With the pid, unique until the next boot.
    pub start: u64,
}

impl ProcFs {
    /// The host's `/proc`.
    pub fn host() -> Self {
        Self::at("/proc")
    }

    /// A tree like `/proc` below `root`.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The place of this tree.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// All process ids (thread groups). Errors when the tree cannot be listed.
    pub fn pids(&self) -> io::Result<Vec<u32>> {
        let entries = fs::read_dir(&self.root)?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
    }

    /// Path of the executable; ` (deleted)` is cut off. `None` for kernel threads.
    pub fn executable(&self, pid: u32) -> Option<PathBuf> {
        let target = fs::read_link(self.file(pid, "exe")).ok()?.into_os_string().into_vec();
        let path = target.strip_suffix(b" (deleted)").unwrap_or(&target);
        (!path.is_empty()).then(|| PathBuf::from(std::ffi::OsStr::from_bytes(path)))
    }

    /// The first bytes of the executable, up to `length`.
    pub fn executable_head(&self, pid: u32, length: u64) -> Option<Vec<u8>> {
        read(&self.file(pid, "exe"), length)
    }

    /// The arguments, the program's name first. Programs may write anything here. `None` for kernel threads.
    pub fn arguments(&self, pid: u32) -> Option<Vec<String>> {
        let bytes = read(&self.file(pid, "cmdline"), COMMAND_LINE).filter(|bytes| !bytes.is_empty())?;
        let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
        Some(bytes.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect())
    }

    /// The thread group leader's name, at most 15 bytes.
    pub fn name(&self, pid: u32) -> Option<String> {
        let bytes = read(&self.file(pid, "comm"), SMALL)?;
        Some(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// Values of the environment variables `wanted`, as the process was started with. Empty values are `None`, and
    /// nothing else of the environment is kept.
    pub fn environment<const N: usize>(&self, pid: u32, wanted: [&str; N]) -> [Option<String>; N] {
        let mut found = [const { None }; N];
        let bytes = read(&self.file(pid, "environ"), ENVIRONMENT).unwrap_or_default();
        for entry in bytes.split(|byte| *byte == 0) {
            for (name, value) in wanted.iter().zip(&mut found) {
                let own = entry.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"="));
                if let Some(text) = own.filter(|text| !text.is_empty() && value.is_none()) {
                    *value = Some(String::from_utf8_lossy(text).into_owned());
                }
            }
        }
        found
    }

    /// Parent and start time.
    pub fn stat(&self, pid: u32) -> Option<Stat> {
        parse_stat(&read(&self.file(pid, "stat"), SMALL)?)
    }

    /// Paths of the control groups, the unified hierarchy's first, then systemd's, without the root and without
    /// repetition.
    pub fn cgroups(&self, pid: u32) -> Vec<String> {
        let bytes = read(&self.file(pid, "cgroup"), SMALL).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<(u8, &str)> = text
            .lines()
            .filter_map(|line| {
                let (id, rest) = line.split_once(':')?;
                let (controllers, path) = rest.split_once(':')?;
                let rank = match (id, controllers) {
                    ("0", "") => 0,
                    (_, "name=systemd") => 1,
                    _ => 2,
                };
                (path.len() > 1).then_some((rank, path))
            })
            .collect();
        lines.sort_by_key(|(rank, _)| *rank);
        let mut paths: Vec<String> = Vec::new();
        for (_, path) in lines {
            if !paths.iter().any(|known| known == path) {
                paths.push(path.to_owned());
            }
        }
        paths
    }

    /// Process id in the process's own namespace: the last of `NSpid`. `None` on kernels that do not say.
    pub fn namespace_pid(&self, pid: u32) -> Option<u32> {
        let bytes = read(&self.file(pid, "status"), SMALL)?;
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        line.split_whitespace().next_back()?.parse().ok()
    }

    /// The first of `words` that occurs in the path of a mapped file.
    pub fn maps_any_of<'a>(&self, pid: u32, words: &[&'a str]) -> Option<&'a str> {
        let bytes = read(&self.file(pid, "maps"), ENVIRONMENT)?;
        let text = String::from_utf8_lossy(&bytes);
        words.iter().find(|word| text.contains(**word)).copied()
    }

    /// When the host booted, in seconds since the Unix epoch.
    pub fn boot_time(&self) -> Option<u64> {
        // `intr` lines of large machines come before `btime`.
        let bytes = read(&self.root.join("stat"), 1 << 20)?;
        let text = String::from_utf8_lossy(&bytes);
        text.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
    }

    /// A file of a process.
    pub(super) fn file(&self, pid: u32, name: &str) -> PathBuf {
        self.root.join(format!("{pid}/{name}"))
    }
}

/// The name in the second field may hold spaces and brackets; the last closing one ends it.
fn parse_stat(line: &[u8]) -> Option<Stat> {
    let end = line.iter().rposition(|byte| *byte == b')')?;
    let text = std::str::from_utf8(&line[end + 1..]).ok()?;
    let mut fields = text.split_ascii_whitespace();
    // The state is field 3, the parent field 4, the start time field 22.
    let parent = fields.nth(1)?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some(Stat { parent, start })
}

pub(super) fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(limit).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::fake::FakeProc;

    #[test]
    fn our_own_process_is_readable() {
        let proc = ProcFs::host();
        let pid = std::process::id();
        assert!(proc.pids().expect("a mounted /proc").contains(&pid));
        assert_eq!(proc.executable(pid), std::env::current_exe().ok());
        assert_eq!(proc.stat(pid).map(|stat| stat.parent), Some(std::os::unix::process::parent_id()));
        assert_eq!(proc.namespace_pid(pid), Some(pid));
        assert!(proc.arguments(pid).is_some() && proc.name(pid).is_some());
        assert!(proc.boot_time().is_some_and(|time| time > 1_600_000_000));
        assert!(proc.executable_head(pid, 4).is_some_and(|head| head == b"\x7fELF"));
    }

    #[test]
    fn a_vanished_process_is_none() {
        let proc = FakeProc::new();
        let proc = proc.fs();
        assert_eq!(proc.executable(1), None);
        assert_eq!(proc.stat(1), None);
        assert_eq!(proc.arguments(1), None);
        assert_eq!(proc.cgroups(1), Vec::<String>::new());
        assert_eq!(proc.environment(1, ["A"]), [None]);
        assert!(ProcFs::at("/nowhere").pids().is_err());
    }

    #[test]
    fn hostile_names_do_not_move_fields() {
        let fake = FakeProc::new();
        fake.write(7, "stat", b"7 (a) R 1 (b) ) S 42 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 98765 0 0");
        assert_eq!(fake.fs().stat(7), Some(Stat { parent: 42, start: 98765 }));
        for broken in
            [&b""[..], b"7 (a", b"7 (a) S", b"7 (a) S x 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 9", b"\xff)\xff"]
        {
            fake.write(7, "stat", broken);
            assert_eq!(fake.fs().stat(7), None);
        }
    }

    #[test]
    fn only_wanted_variables_are_found() {
        let fake = FakeProc::new();
        fake.write(
            7,
            "environ",
            b"SECRET=1\0OTEL_SERVICE_NAME=\0XOTEL_SERVICE_NAME=x\0OTEL_SERVICE_NAME=a=b\0A\0",
        );
        assert_eq!(fake.fs().environment(7, ["OTEL_SERVICE_NAME", "A"]), [Some("a=b".to_owned()), None]);
    }

    #[test]
    fn control_groups_of_all_hierarchies() {
        let fake = FakeProc::new();
        fake.write(
            7,
            "cgroup",
            b"12:cpu,memory:/a:b\n1:name=systemd:/s\n0::/u\n3:pids:/\n2:x:/u\nnonsense\n",
        );
        assert_eq!(fake.fs().cgroups(7), ["/u", "/s", "/a:b"]);
    }

    #[test]
    fn reads_are_bounded() {
        let fake = FakeProc::new();
        fake.write(7, "cmdline", &vec![b'a'; 1 << 20]);
        let arguments = fake.fs().arguments(7).expect("a command line");
        assert_eq!(arguments[0].len() as u64, COMMAND_LINE);
        fake.link(7, "exe", "/usr/bin/gone (deleted)");
        assert_eq!(fake.fs().executable(7), Some(PathBuf::from("/usr/bin/gone")));
    }
}
