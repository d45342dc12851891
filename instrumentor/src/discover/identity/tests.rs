use std::collections::BTreeMap;

use underspan_config::Ports;
use underspan_protocols::semconv;

use super::*;
use crate::discover::fake::FakeProc;

const NOW: u64 = 1_700_000_000_000_000_000;

fn host() -> Host {
    let attributes =
        vec![(attribute::HOST_NAME, Value::Static("box")), (attribute::OS_TYPE, Value::Static("linux"))];
    Host { attributes, boot_time: 1_600_000_000, boot: "host/boot".to_owned() }
}

fn identify(fake: &FakeProc, pid: u32, services: &[ServiceRule]) -> Identified {
    let mut facts = ProcessFacts::read(&fake.fs(), pid);
    facts.ports = Some(vec![8080]);
    Identifier::new(host(), services).expect("good rules").identify(&fake.fs(), &facts, NOW)
}

fn text(resource: &Resource, attribute: underspan_protocols::message::Attribute) -> Option<String> {
    match resource.get(attribute)? {
        Value::Static(text) => Some((*text).to_owned()),
        Value::String(text) => Some(text.clone()),
        other => Some(format!("{other:?}")),
    }
}

fn shop() -> FakeProc {
    let fake = FakeProc::new();
    fake.process(7, "/usr/bin/python3.11", "python3\0/srv/shop/app.py\0--token=s3cret", 3, 250);
    fake
}

#[test]
fn what_is_known_without_anybody_saying() {
    let found = identify(&shop(), 7, &[]);
    let resource = found.resource;
    assert!(!found.malformed);
    assert_eq!((resource.pid, resource.service.as_str()), (7, "app"));
    for (attribute, expected) in [
        (attribute::SERVICE_NAME, "app"),
        (attribute::PROCESS_PID, "Int(7)"),
        (attribute::PROCESS_PARENT_PID, "Int(3)"),
        (attribute::PROCESS_CREATION_TIME, "2020-09-13T12:26:42.50Z"),
        (attribute::PROCESS_EXECUTABLE_NAME, "python3.11"),
        (attribute::PROCESS_EXECUTABLE_PATH, "/usr/bin/python3.11"),
        (attribute::PROCESS_RUNTIME_NAME, "cpython"),
        (attribute::TELEMETRY_SDK_NAME, "underspan"),
        (attribute::TELEMETRY_SDK_LANGUAGE, "python"),
        (attribute::TELEMETRY_DISTRO_NAME, "underspan"),
        (attribute::HOST_NAME, "box"),
    ] {
        assert_eq!(text(&resource, attribute).as_deref(), Some(expected), "{}", attribute.name);
    }
    assert!(!format!("{resource:?}").contains("s3cret"), "arguments may hold secrets");
    for (index, (attribute, _)) in resource.attributes.iter().enumerate() {
        assert!(semconv::find_attribute(attribute.name).is_some(), "{}", attribute.name);
        let again = resource.attributes[..index].iter().any(|(known, _)| known.name == attribute.name);
        assert!(!again, "{} twice", attribute.name);
    }
}

#[test]
fn the_first_to_name_a_service_wins() {
    let fake = shop();
    let rule =
        ServiceRule { port: Ports::parse("8080"), name: Some("rule".to_owned()), ..ServiceRule::default() };
    let other = ServiceRule {
        exe: Some("nginx".to_owned()),
        name: Some("other".to_owned()),
        ..ServiceRule::default()
    };
    let rules = [other, rule];
    let name = |rules: &[ServiceRule]| identify(&fake, 7, rules).resource.service;

    assert_eq!(name(&[]), "app");
    fake.write(7, "cgroup", b"0::/system.slice/shop.service\n");
    assert_eq!(name(&[]), "shop");
    fake.write(7, "cgroup", b"0::/system.slice/x.service/lxc.payload.box\n");
    assert_eq!(name(&[]), "box");
    assert_eq!(name(&rules), "rule");
    fake.write(7, "environ", b"OTEL_RESOURCE_ATTRIBUTES=service.name=attributes\0");
    assert_eq!(name(&rules), "attributes");
    fake.write(7, "environ", b"OTEL_RESOURCE_ATTRIBUTES=service.name=attributes\0OTEL_SERVICE_NAME=own\0");
    assert_eq!(name(&rules), "own");
    fake.write(7, "environ", b"OTEL_RESOURCE_ATTRIBUTES=service.name=attributes,x\0");
    assert_eq!(name(&rules), "rule");
    assert!(identify(&fake, 7, &rules).malformed);
}

#[test]
fn attributes_merge_one_by_one() {
    let fake = shop();
    fake.write(
        7,
        "environ",
        b"OTEL_RESOURCE_ATTRIBUTES=service.version=2,process.pid=1,telemetry.sdk.name=evil,team.a=b\0",
    );
    let attributes = [("service.version", "1"), ("team.c", "d")];
    let rule = ServiceRule {
        exe: Some("python*".to_owned()),
        namespace: Some("space".to_owned()),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
        ..ServiceRule::default()
    };
    let resource = identify(&fake, 7, &[rule]).resource;
    assert_eq!(text(&resource, attribute::SERVICE_VERSION).as_deref(), Some("2"), "the process comes first");
    assert_eq!(text(&resource, attribute::SERVICE_NAMESPACE).as_deref(), Some("space"));
    assert_eq!(text(&resource, attribute::PROCESS_PID).as_deref(), Some("Int(7)"), "observed, not believed");
    assert_eq!(text(&resource, attribute::TELEMETRY_SDK_NAME).as_deref(), Some("underspan"));
    for (name, expected) in [("team.a", "b"), ("team.c", "d")] {
        let value = resource.attributes.iter().find(|(known, _)| known.name == name).map(|(_, value)| value);
        assert_eq!(value, Some(&Value::String(expected.to_owned())), "{name}");
    }
}

#[test]
fn instances_are_stable_and_different() {
    let fake = shop();
    let instance = |pid| text(&identify(&fake, pid, &[]).resource, attribute::SERVICE_INSTANCE_ID);
    let first = instance(7);
    assert_eq!(first, instance(7));
    assert_eq!(first.as_deref().map(str::len), Some(36));
    fake.process(8, "/usr/bin/python3.11", "python3\0/srv/shop/app.py", 3, 250);
    assert_ne!(first, instance(8));
    fake.process(7, "/usr/bin/python3.11", "python3\0/srv/shop/app.py", 3, 251);
    assert_ne!(first, instance(7), "the pid was used again");
}

#[test]
fn a_fork_is_its_parent_but_for_its_own_identity() {
    let identifier = Identifier::new(host(), &[]).expect("no rules");
    let parent = identify(&shop(), 7, &[]).resource;
    let child = identifier.forked(&parent, 9, Start::Ticks(300));
    assert_eq!((child.pid, child.service.as_str()), (9, "app"));
    assert_eq!(text(&child, attribute::PROCESS_PARENT_PID).as_deref(), Some("Int(7)"));
    assert_eq!(text(&child, attribute::PROCESS_CREATION_TIME).as_deref(), Some("2020-09-13T12:26:43.00Z"));
    assert_ne!(child.get(attribute::SERVICE_INSTANCE_ID), parent.get(attribute::SERVICE_INSTANCE_ID));
    assert_eq!(child.get(attribute::PROCESS_EXECUTABLE_PATH), parent.get(attribute::PROCESS_EXECUTABLE_PATH));
    assert_eq!(child.attributes.len(), parent.attributes.len());
}

#[test]
fn a_vanished_process_has_the_name_its_event_carried() {
    let identifier = Identifier::new(host(), &[]).expect("no rules");
    let gone = identifier.vanished(9, "curl\x07", Start::Seen(NOW));
    assert_eq!(gone.service, "curl_");
    assert_eq!(text(&gone, attribute::PROCESS_CREATION_TIME).as_deref(), Some("2023-11-14T22:13:20.00Z"));
    assert_eq!(text(&gone, attribute::TELEMETRY_SDK_LANGUAGE).as_deref(), Some("generic"));
    assert_eq!(identifier.vanished(9, "", Start::Seen(NOW)).service, "unknown_service");
}

#[test]
fn dates() {
    for (seconds, expected) in [
        (0, "1970-01-01T00:00:00.00Z"),
        (951_782_400, "2000-02-29T00:00:00.00Z"),
        (951_868_800, "2000-03-01T00:00:00.00Z"),
        (1_704_067_199, "2023-12-31T23:59:59.00Z"),
        (4_107_542_400, "2100-03-01T00:00:00.00Z"),
    ] {
        assert_eq!(rfc3339(seconds * 1_000_000_000), expected);
    }
}
