//! All processes of the host -> those that match.
use std::io;

use super::{ProcFs, ProcessFacts, Selectors, sockets::Listeners};

/// Processes the rules select, ports read where a rule asks for them. `ignored` ([`own_processes`]) are left out unless a rule names them by id. May be repeated: a few small
/// files are read per process.
/// Errors when the process list cannot be read.
pub fn scan(proc: &ProcFs, selectors: &Selectors, ignored: &[u32]) -> io::Result<Vec<ProcessFacts>> {
    let mut listeners = Listeners::default();
    let mut found = Vec::new();
    for pid in proc.pids()? {
        if ignored.contains(&pid) && !selectors.names(pid) {
            continue;
        }
        let mut facts = ProcessFacts::read(proc, pid);
        if !selectors.could_match(&facts) {
            continue;
        }
        if selectors.needs_ports() {
            facts.read_ports(proc, &mut listeners);
        }
        if selectors.matches(&facts) {
            found.push(facts);
        }
    }
    Ok(found)
}

/// The agent and its parent (the shell, `sudo`, a service manager that started it).
pub fn own_processes(proc: &ProcFs, own: u32) -> Vec<u32> {
    let parent = proc.stat(own).map(|stat| stat.parent);
    std::iter::once(own).chain(parent).collect()
}

#[cfg(test)]
mod tests {
    use underspan_config::{Ports, Rule};

    use super::*;
    use crate::discover::fake::FakeProc;

    fn select(rule: Rule) -> Selectors {
        Selectors::new(&[rule], &[]).expect("a good rule")
    }

    fn pids(found: &[ProcessFacts]) -> Vec<u32> {
        let mut pids: Vec<u32> = found.iter().map(|facts| facts.pid).collect();
        pids.sort_unstable();
        pids
    }

    #[test]
    fn finds_what_matches_and_not_itself() {
        let fake = FakeProc::new();
        fake.process(10, "/bin/bash", "bash", 1, 5);
        fake.process(11, "/usr/bin/underspan", "underspan", 10, 6);
        fake.process(12, "/usr/sbin/nginx", "nginx", 1, 7);
        fake.process(13, "/bin/bash", "bash", 1, 8);
        let own = own_processes(&fake.fs(), 11);
        assert_eq!(own, [11, 10]);
        let everything = select(Rule { exe: Some("*".to_owned()), ..Rule::default() });
        assert_eq!(pids(&scan(&fake.fs(), &everything, &own).expect("a tree")), [12, 13]);
        let shell = select(Rule { pid: Some(10), ..Rule::default() });
        assert_eq!(pids(&scan(&fake.fs(), &shell, &own).expect("a tree")), [10]);
    }

    #[test]
    fn finds_who_listens() {
        let fake = FakeProc::new();
        fake.process(12, "/usr/sbin/nginx", "nginx", 1, 7);
        fake.listen(12, 80, 55);
        fake.process(13, "/usr/bin/python3", "python3\0app.py", 1, 8);
        fake.listen(13, 8080, 56);
        let selectors = select(Rule { port: Ports::parse("8000-9000"), ..Rule::default() });
        let found = scan(&fake.fs(), &selectors, &[]).expect("a tree");
        assert_eq!(pids(&found), [13]);
        assert_eq!(found[0].ports.as_deref(), Some(&[8080][..]));
    }

    #[test]
    fn finds_a_real_child() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().expect("sleep exists");
        let selectors =
            select(Rule { pid: Some(child.id()), exe: Some("sleep".to_owned()), ..Rule::default() });
        let found = scan(&ProcFs::host(), &selectors, &[]).expect("a mounted /proc");
        assert_eq!(pids(&found), [child.id()]);
        child.kill().expect("it runs");
        child.wait().expect("it was ours");
    }
}
