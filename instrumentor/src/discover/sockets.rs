//! Which TCP ports a process listens on.
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
};

use hashbrown::HashMap;

use super::ProcFs;

/// Longest socket table that is read, in bytes: about 400,000 sockets.
const TABLE: u64 = 64 << 20;
/// Open files of a process that are looked at.
const FILES: usize = 65_536;
/// State of a listening socket in the kernel's tables.
const LISTEN: &str = "0A";

/// Finds listening ports, reading the socket tables of each network namespace once. Lives for one scan.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    /// Port by socket inode, by network namespace.
    namespaces: HashMap<String, HashMap<u64, u16>>,
}

impl Listeners {
    /// Ports of `pid`, sorted, without repetition. Empty when the process is gone or must not be read.
    pub(super) fn ports(&mut self, proc: &ProcFs, pid: u32) -> Vec<u16> {
        let namespace = fs::read_link(proc.file(pid, "ns/net"));
        let namespace =
            namespace.map_or_else(|_| format!("of {pid}"), |link| link.to_string_lossy().into_owned());
        let sockets = self.namespaces.entry(namespace).or_insert_with(|| listening(proc, pid));
        if sockets.is_empty() {
            return Vec::new();
        }
        let Ok(files) = fs::read_dir(proc.file(pid, "fd")) else { return Vec::new() };
        let mut ports: Vec<u16> = files
            .take(FILES)
            .filter_map(|file| {
                let target = fs::read_link(file.ok()?.path()).ok()?;
                let inode: u64 =
                    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()?;
                sockets.get(&inode).copied()
            })
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

/// Listening sockets of the network namespace `pid` is in.
fn listening(proc: &ProcFs, pid: u32) -> HashMap<u64, u16> {
    let mut sockets = HashMap::new();
    for table in ["net/tcp", "net/tcp6"] {
        if let Ok(file) = File::open(proc.file(pid, table)) {
            let lines = BufReader::new(file.take(TABLE)).lines().map_while(Result::ok);
            sockets.extend(lines.filter_map(|line| listener(&line)));
        }
    }
    sockets
}

/// `sl: LOCAL:PORT REMOTE:PORT STATE queues timer retransmits uid timeout INODE …`
fn listener(line: &str) -> Option<(u64, u16)> {
    let mut fields = line.split_ascii_whitespace();
    let (_, port) = fields.nth(1)?.rsplit_once(':')?;
    if fields.nth(1)? != LISTEN {
        return None;
    }
    Some((fields.nth(5)?.parse().ok()?, u16::from_str_radix(port, 16).ok()?))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::discover::fake::FakeProc;

    #[test]
    fn our_own_listeners_over_both_families() {
        let four = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut expected = vec![four.local_addr().expect("bound").port()];
        let six = TcpListener::bind("[::1]:0"); // hosts without IPv6 exist
        expected
            .extend(six.as_ref().ok().and_then(|six| six.local_addr().ok()).map(|address| address.port()));
        let found = Listeners::default().ports(&ProcFs::host(), std::process::id());
        assert!(expected.iter().all(|port| found.contains(port)), "{expected:?} in {found:?}");
    }

    #[test]
    fn a_socket_of_another_process_is_not_ours() {
        let fake = FakeProc::new();
        fake.listen(7, 8080, 100);
        fake.listen(7, 443, 101);
        fake.write(7, "ns/net", b"not a link");
        fake.write(8, "net/tcp", b"  sl\n   0: 0:1F90 0:0000 0A 0:0 00:0 0 0 0 100 1\nbroken\n");
        fake.link(8, "fd/3", "socket:[999]");
        fake.link(8, "fd/4", "/dev/null");
        let mut listeners = Listeners::default();
        assert_eq!(listeners.ports(&fake.fs(), 7), [443, 8080]);
        assert_eq!(listeners.ports(&fake.fs(), 8), Vec::<u16>::new());
        assert_eq!(listeners.ports(&fake.fs(), 9), Vec::<u16>::new());
    }

    #[test]
    fn only_listening_sockets_count() {
        assert_eq!(listener("0: 0100007F:1F90 0:0 01 0:0 00:0 0 0 0 55 1"), None);
        assert_eq!(
            listener("0: 00000000000000000000000000000000:1F90 0:0 0A 0:0 00:0 0 0 0 55 1"),
            Some((55, 8080))
        );
        assert_eq!(listener("  sl  local_address rem_address   st tx_queue"), None);
    }
}
