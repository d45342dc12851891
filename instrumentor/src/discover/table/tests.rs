use std::process::{Child, Command};

use underspan_config::{Ports, Rule, ServiceRule};

use super::*;
use crate::discover::{Host, fake::FakeProc};

const SECOND: u64 = 1_000_000_000;
const NGINX: &str = "/usr/sbin/nginx";

fn table(proc: ProcFs, rules: &[Rule], limits: Limits) -> ProcessTable {
    named(proc, rules, &[], limits)
}

fn named(proc: ProcFs, rules: &[Rule], services: &[ServiceRule], limits: Limits) -> ProcessTable {
    let host = Host::read(Path::new("/"), &proc);
    let exclude = [Rule { exe: Some("sshd".to_owned()), ..Rule::default() }];
    let selectors = Selectors::new(rules, &exclude).expect("good rules");
    let identifier = Identifier::new(host, services).expect("good rules");
    ProcessTable::new(proc, selectors, identifier, vec![1], limits)
}

fn exe(glob: &str) -> Rule {
    Rule { exe: Some(glob.to_owned()), ..Rule::default() }
}

fn service(table: &ProcessTable, pid: u32) -> Option<&str> {
    table.resource(pid).map(|resource| resource.service.as_str())
}

#[test]
fn a_life() {
    let fake = FakeProc::new();
    fake.process(10, NGINX, "nginx: master", 1, 100);
    fake.process(11, "/bin/sh", "sh", 1, 100);
    let mut table = table(fake.fs(), &[exe("nginx")], Limits::default());
    assert_eq!(table.scan(0).expect("a tree"), [Change::Track(10)]);
    assert_eq!(table.scan(0).expect("a tree"), [], "known already");

    fake.process(12, NGINX, "nginx: worker", 10, 120);
    table.fork(10, 12, SECOND);
    assert_eq!(service(&table, 12), Some("nginx"));
    table.fork(11, 13, SECOND);
    assert_eq!(service(&table, 13), None, "its parent is not traced");

    fake.process(12, "/usr/bin/perl", "perl\0/srv/hook.pl", 10, 120);
    assert_eq!(table.exec(12, Path::new("/usr/bin/perl"), 2 * SECOND), Change::Track(12));
    assert_eq!(service(&table, 12), Some("hook"), "still traced, under its new name");
    fake.process(11, NGINX, "nginx", 1, 100);
    assert_eq!(table.exec(11, Path::new(NGINX), 2 * SECOND), Change::Track(11));
    fake.process(12, "/usr/sbin/sshd", "sshd", 10, 120);
    assert_eq!(table.exec(12, Path::new("/usr/sbin/sshd"), 3 * SECOND), Change::Untrack(12));

    fake.remove(11);
    assert_eq!(table.exit(11, 4 * SECOND), Change::Untrack(11));
    assert_eq!(table.exit(11, 5 * SECOND), Change::None);
    let mut running: Vec<u32> = table.running().collect();
    running.sort_unstable();
    assert_eq!(running, [10]);
    assert_eq!(table.expire(13 * SECOND), [], "12 and 11 linger");
    assert_eq!(service(&table, 11), Some("nginx"), "its last records are on the way");
    assert_eq!(table.expire(20 * SECOND).len(), 2);
    assert_eq!(service(&table, 11), None);
}

#[test]
fn a_used_again_id_is_another_process() {
    let fake = FakeProc::new();
    fake.process(10, NGINX, "nginx", 1, 100);
    let mut table =
        table(fake.fs(), &[exe("nginx"), Rule { pid: Some(20), ..Rule::default() }], Limits::default());
    assert_eq!(table.scan(0).expect("a tree"), [Change::Track(10)]);
    table.exit(10, SECOND);
    fake.process(10, "/bin/sh", "sh", 1, 900);
    table.fork(1, 10, SECOND);
    assert_eq!(service(&table, 10), None);
    assert_eq!(table.exec(10, Path::new("/bin/sh"), SECOND), Change::None);
    // The rule for process 20 found nobody when it was looked for.
    fake.process(20, "/bin/sh", "sh", 1, 900);
    assert_eq!(table.exec(20, Path::new("/bin/sh"), SECOND), Change::None);
    assert_eq!(table.scan(SECOND).expect("a tree"), []);
}

#[test]
fn lost_events_are_made_up_for() {
    let fake = FakeProc::new();
    fake.process(10, NGINX, "nginx", 1, 100);
    fake.process(11, NGINX, "nginx", 1, 101);
    let mut table = table(fake.fs(), &[exe("nginx")], Limits::default());
    table.scan(0).expect("a tree");
    fake.remove(10);
    fake.process(11, "/bin/sh", "sh", 1, 500);
    let mut changes = table.scan(SECOND).expect("a tree");
    changes.sort_unstable_by_key(|change| format!("{change:?}"));
    assert_eq!(changes, [Change::Untrack(10), Change::Untrack(11)]);
    assert_eq!(table.running().count(), 0, "one is gone, the other's id was used again");
    // A record of a process whose fork was lost.
    fake.process(12, "/usr/bin/python3", "python3\0/srv/app.py", 10, 130);
    assert_eq!(table.seen(12, "python3", SECOND).service, "app");
    assert_eq!(table.seen(13, "curl", SECOND).service, "curl");
    assert_eq!(table.counters().vanished, 1);
    assert_eq!(table.running().collect::<Vec<_>>(), [12], "13 is gone");
    assert!(Arc::ptr_eq(&table.seen(12, "x", SECOND), &table.seen(12, "y", SECOND)));
}

#[test]
fn ports_are_found_when_they_open() {
    let fake = FakeProc::new();
    fake.process(10, "/opt/shop", "shop", 1, 100);
    let rule = Rule { port: Ports::parse("8080"), ..Rule::default() };
    let services = [ServiceRule {
        port: Ports::parse("9090"),
        name: Some("admin".to_owned()),
        ..ServiceRule::default()
    }];
    let mut table = named(fake.fs(), &[rule], &services, Limits::default());
    assert!(table.needs_rescan());
    assert_eq!(table.scan(0).expect("a tree"), []);
    assert_eq!(table.exec(10, Path::new("/opt/shop"), 0), Change::None);
    fake.listen(10, 8080, 77);
    assert_eq!(table.scan(SECOND).expect("a tree"), [Change::Track(10)]);
    let before = Arc::clone(table.resource(10).expect("traced"));
    table.scan(SECOND).expect("a tree");
    assert!(Arc::ptr_eq(&before, table.resource(10).expect("traced")), "nothing new, nothing replaced");
    fake.listen(10, 9090, 78);
    table.scan(SECOND).expect("a tree");
    assert_eq!(service(&table, 10), Some("admin"));
}

#[test]
fn the_table_is_bounded() {
    let fake = FakeProc::new();
    fake.process(10, NGINX, "nginx", 1, 100);
    let mut table = table(fake.fs(), &[exe("nginx")], Limits { processes: 3, ..Limits::default() });
    table.scan(0).expect("a tree");
    table.fork(10, 11, 0);
    table.fork(10, 12, 0);
    table.exit(11, SECOND);
    table.fork(10, 13, SECOND);
    assert_eq!(service(&table, 11), None, "the one that exited made room");
    table.fork(10, 14, SECOND);
    assert_eq!(service(&table, 14), None);
    assert_eq!(table.counters().over_limit, 1);
}

#[test]
fn malformed_attributes_are_counted() {
    let fake = FakeProc::new();
    fake.process(10, NGINX, "nginx", 1, 100);
    fake.write(10, "environ", b"OTEL_RESOURCE_ATTRIBUTES=oops\0");
    let mut table = table(fake.fs(), &[exe("nginx")], Limits::default());
    table.scan(0).expect("a tree");
    assert_eq!(table.counters().malformed_attributes, 1);
}

fn sleeper() -> Child {
    Command::new("sleep").arg("60").spawn().expect("sleep exists")
}

#[test]
fn real_children() {
    let (mut first, mut second) = (sleeper(), sleeper());
    let rule = Rule { pid: Some(first.id()), ..Rule::default() };
    let mut table = table(ProcFs::host(), &[rule], Limits::default());
    assert_eq!(table.scan(0).expect("a mounted /proc"), [Change::Track(first.id())]);
    assert_eq!(table.select(second.id(), 0), Change::Track(second.id()));
    assert_eq!(service(&table, first.id()), Some("sleep"));
    for child in [&mut first, &mut second] {
        child.kill().expect("it runs");
        child.wait().expect("it was ours");
    }
    table.scan(SECOND).expect("a mounted /proc");
    assert_eq!(table.running().count(), 0);
    assert_eq!(table.expire(60 * SECOND).len(), 2);
}

#[test]
fn a_real_child_that_was_too_short_lived_to_be_read() {
    let mut child = Command::new("true").spawn().expect("true exists");
    child.wait().expect("it was ours");
    let mut table = table(ProcFs::host(), &[exe("true")], Limits::default());
    assert_eq!(table.exec(child.id(), Path::new("/usr/bin/true"), 0), Change::None);
    assert_eq!(service(&table, child.id()), Some("true"), "its records are still on the way");
    assert_eq!(table.counters().vanished, 1);
}
