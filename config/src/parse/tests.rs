use super::{node::Value, scalar::Scalar, *};
use crate::{Period, Ports, Query, Size};

fn parse(yaml: &str) -> Result<Config, ConfigErrors> {
    Config::parse(yaml, &|_| None)
}

fn mistakes(yaml: &str) -> Vec<String> {
    parse(yaml).expect_err("mistakes").mistakes().iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_means_defaults() {
    for yaml in ["", "# a comment\n", "---\n", "~", "{}", "traces:\nexport:\n  otlp: ~\n"] {
        assert_eq!(parse(yaml), Ok(Config::default()), "{yaml:?}");
    }
}

#[test]
fn values_arrive() {
    let config = parse(
        "
select:
  - { exe: /opt/shop/**, port: 8000-8099 }
  - pid: 42
capture: { ring_buffer: 16MiB, request_budget: 2048 }
http: { query: { redact_keys: [token] } }
shutdown_timeout: 1500ms
export: { otlp: { headers: { x-tenant: 0010 } } }
",
    )
    .expect("valid");
    assert_eq!(config.select[0].exe.as_deref(), Some("/opt/shop/**"));
    assert_eq!(config.select[0].port, Ports::parse("8000-8099"));
    assert_eq!(config.select[1].pid, Some(42));
    assert_eq!(config.capture.ring_buffer, Size::mebibytes(16));
    assert_eq!(config.capture.request_budget, Size(2048));
    assert_eq!(config.http.query, Query::RedactKeys(vec!["token".to_owned()]));
    assert_eq!(config.shutdown_timeout, Period(std::time::Duration::from_millis(1500)));
    assert_eq!(config.export.otlp.headers["x-tenant"], "0010");
}

#[test]
fn five_mistakes_are_five_reports() {
    let found = mistakes(
        "\
select:
  - port: 99999
traces:
  samplr: always_on
metrics:
  interval: fast
  max_series: many
export:
  otlp:
    protocol: htp
",
    );
    assert_eq!(
        found,
        [
            "line 2: select[0].port: expected a port from 1 to 65535 or a range such as 8000-8099, found 99999",
            "line 4: traces.samplr: unknown key, did you mean \"sampler\"?",
            "line 6: metrics.interval: expected a duration such as 500ms, 10s or 5m, found \"fast\"",
            "line 7: metrics.max_series: expected a whole number from 0, found \"many\"",
            "line 10: export.otlp.protocol: unknown protocol \"htp\", expected \"grpc\" or \"http/protobuf\"",
        ]
    );
}

#[test]
fn mistakes_in_a_list_keep_their_places() {
    let found = mistakes("select:\n  - pid: a\n  - exe: x\n  - pid: b\n  - 7\n  - {}\n");
    assert_eq!(
        found,
        [
            "line 2: select[0].pid: expected a whole number from 0, found \"a\"",
            "line 4: select[2].pid: expected a whole number from 0, found \"b\"",
            "line 5: select[3]: expected a section of \"key: value\" lines, found 7",
            "line 6: select[4]: a rule needs at least one of \"pid\", \"exe\", \"port\" or \"cgroup\"",
        ]
    );
}

#[test]
fn each_rule_between_keys() {
    for (yaml, expected) in [
        ("[]", "line 1: expected a section of \"key: value\" lines, found a list"),
        ("a: 1\na: 2", "line 2: key \"a\" appears twice in the same section"),
        ("a: &x 1\nb: *x", "line 2: YAML aliases are not supported"),
        ("log: { level: !!str info }", "line 1: YAML tags are not supported"),
        ("traces: {}\n---\ntraces: {}", "expected one YAML document, found another"),
        ("exports: {}", "line 1: exports: unknown key, did you mean \"export\"?"),
        (
            "log: { level: verbose }",
            "log.level: unknown level \"verbose\", expected \"error\", \"warn\", \"info\", ",
        ),
        ("metrics: { body_size: yes }", "metrics.body_size: expected true or false, found \"yes\""),
        (
            "traces: { ratio: 1.5, sampler: traceidratio }",
            "traces.ratio: expected a number from 0 to 1, found 1.5",
        ),
        ("traces: { ratio: 0.5 }", "traces.ratio: has no effect"),
        ("traces: { batch_size: 0 }", "traces.batch_size: must be more than 0"),
        (
            "traces: { max_queue_size: 8 }",
            "traces.max_queue_size: must be at least \"batch_size\" (512), found 8",
        ),
        ("metrics: { interval: 10m }", "metrics.ttl: must be at least \"interval\" (10m), found 5m"),
        ("metrics: { interval: 0s }", "metrics.interval: must be more than 0"),
        (
            "capture: { ring_buffer: 3MiB }",
            "capture.ring_buffer: the kernel wants a power of two, found 3MiB",
        ),
        (
            "capture: { request_budget: 1MiB }",
            "capture.request_budget: expected a size from 64B to 16KiB, found 1MiB",
        ),
        ("select: [{ exe: '[' }]", "select[0].exe: \"[\" is not a glob"),
        ("exclude: [{ cgroup: a }]", "exclude[0].cgroup: expected a path from the root"),
        ("select: [{ pid: 0 }]", "select[0].pid: process ids begin at 1"),
        ("services: [{ name: a }]", "services[0]: a service rule needs at least one of \"exe\""),
        ("services: [{ port: 1 }]", "services[0]: a service rule needs at least one of \"name\""),
        (
            "services: [{ port: 1, attributes: { service.name: a } }]",
            "services[0].attributes.service.name: is set by the rule's \"name\"",
        ),
        ("routes: { mode: patterns }", "routes.mode: mode \"patterns\" needs at least one pattern"),
        ("routes: { patterns: [users] }", "routes.patterns[0]: expected a pattern such as /users/{id}"),
        ("http: { known_methods: [] }", "http.known_methods: at least one method"),
        ("http: { known_methods: ['A B'] }", "http.known_methods[0]: \"A B\" cannot be a method"),
        ("http: { query: redact_keys }", "http.query: \"redact_keys\" needs a value"),
        ("http: { query: { drop: 1 } }", "http.query.drop: takes no value"),
        ("http: { query: { redact_keys: 1 } }", "http.query.redact_keys: expected a list, found 1"),
        (
            "http: { query: [] }",
            "http.query: expected \"redact_values\", \"redact_keys\" or \"drop\", found a list",
        ),
        ("export: { otlp: { endpoint: collector } }", "export.otlp.endpoint: expected a URL such as"),
        ("export: { otlp: { endpoint: 'collector:4318' } }", "export.otlp.endpoint: expected a URL such as"),
        ("export: { otlp: { client_key: /k } }", "export.otlp.client_key: needs \"client_certificate\" too"),
        (
            "export: { otlp: { client_certificate: /c } }",
            "export.otlp.client_certificate: needs \"client_key\" too",
        ),
        (
            "export: { otlp: { headers: { a b: c } } }",
            "export.otlp.headers.a b: cannot be the name of a header",
        ),
        ("export: { otlp: { headers: { a: } } }", "export.otlp.headers.a: expected text, found nothing"),
        (
            "export: { otlp: { headers: { a: \"x\\ny\" } } }",
            "export.otlp.headers.a: its value has control characters",
        ),
        (
            "export: { otlp: { retry: { max_interval: 1s } } }",
            "export.otlp.retry.max_interval: must be at least",
        ),
        ("export: { otlp: { enabled: false } }", "export: nothing would leave the agent"),
        ("nice: 20", "nice: expected a number from 0 to 19, found 20"),
        ("shutdown_timeout: 10", "shutdown_timeout: expected a duration such as 500ms, 10s or 5m, found 10"),
        ("log:\n  level: ${LEVEL?}", "log.level: \"${LEVEL?}\" is not a reference"),
    ] {
        let found = mistakes(yaml);
        assert_eq!(found.len(), 1, "{yaml}: {found:?}");
        assert!(found[0].contains(expected), "{yaml}: {found:?}");
    }
}

#[test]
fn a_mistake_is_not_blamed_twice() {
    let found = mistakes("traces: { batch_size: 512, max_queue_size: x, sampler: sometimes, ratio: 0.5 }");
    assert_eq!(found.len(), 2, "{found:?}");
    let found = mistakes("select: [{ exe: [a] }]");
    assert_eq!(found, ["line 1: select[0].exe: expected text, found a list"]);
}

#[test]
fn broken_yaml_names_its_line() {
    let found = mistakes("traces:\n  ratio: [1\nmetrics: {");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("line "), "{found:?}");
}

/// Deep nesting and repeated mistakes end.
#[test]
fn hostile_files_end() {
    let deep = "[".repeat(100_000);
    assert!(parse(&deep).is_err());
    let long: String = (0..500).fold("select:\n".to_owned(), |yaml, _| yaml + "  - pid: x\n");
    assert_eq!(mistakes(&long).len(), 500);
}

/// The 28 vectors of OpenTelemetry's declarative configuration, with values and kinds as a YAML reader sees them.
#[test]
fn substitution_vectors() {
    let env = |name: &str| {
        let value = match name {
            "STRING_VALUE" => "value",
            "BOOL_VALUE" => "true",
            "INT_VALUE" => "1",
            "FLOAT_VALUE" => "1.1",
            "HEX_VALUE" => "0xdeadbeef",
            "INVALID_MAP_VALUE" => "value\nkey:value",
            "DO_NOT_REPLACE_ME" => "Never use this value",
            "REPLACE_ME" => "${DO_NOT_REPLACE_ME}",
            "VALUE_WITH_ESCAPE" => "value$$",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let text = |text| Some(("key", Scalar::Text(text)));
    for (input, expected) in [
        ("key: ${STRING_VALUE}", text("value")),
        ("key: ${BOOL_VALUE}", Some(("key", Scalar::Boolean(true)))),
        ("key: ${INT_VALUE}", Some(("key", Scalar::Unsigned(1)))),
        ("key: ${FLOAT_VALUE}", Some(("key", Scalar::Float(1.1)))),
        ("key: ${HEX_VALUE}", Some(("key", Scalar::Unsigned(0xdead_beef)))),
        ("key: \"${STRING_VALUE}\"", text("value")),
        ("key: \"${BOOL_VALUE}\"", text("true")),
        ("key: \"${INT_VALUE}\"", text("1")),
        ("key: \"${FLOAT_VALUE}\"", text("1.1")),
        ("key: \"${HEX_VALUE}\"", text("0xdeadbeef")),
        ("key: ${env:STRING_VALUE}", text("value")),
        ("key: ${INVALID_MAP_VALUE}", text("value\nkey:value")),
        ("key: foo ${STRING_VALUE} ${FLOAT_VALUE}", text("foo value 1.1")),
        ("key: ${UNDEFINED_KEY}", Some(("key", Scalar::Null))),
        ("key: ${UNDEFINED_KEY:-fallback}", text("fallback")),
        ("${STRING_VALUE}: value", Some(("${STRING_VALUE}", Scalar::Text("value")))),
        ("key: ${REPLACE_ME}", text("${DO_NOT_REPLACE_ME}")),
        ("key: ${UNDEFINED_KEY:-${STRING_VALUE}}", text("${STRING_VALUE}")),
        ("key: ${STRING_VALUE:?error}", None),
        ("key: $${STRING_VALUE}", text("${STRING_VALUE}")),
        ("key: $$${STRING_VALUE}", text("$value")),
        ("key: $$$${STRING_VALUE}", text("$${STRING_VALUE}")),
        ("key: $${STRING_VALUE:-fallback}", text("${STRING_VALUE:-fallback}")),
        ("key: $${STRING_VALUE:-${STRING_VALUE}}", text("${STRING_VALUE:-value}")),
        ("key: ${UNDEFINED_KEY:-$${UNDEFINED_KEY}}", text("${UNDEFINED_KEY:-${UNDEFINED_KEY}}")),
        ("key: ${VALUE_WITH_ESCAPE}", text("value$$")),
        ("key: a $$ b", text("a $ b")),
        ("key: a $ b", text("a $ b")),
    ] {
        let mut tree = Node::parse(input).expect(input);
        let mut mistakes = Vec::new();
        substitute_all(&mut tree, &Path::default(), &env, &mut mistakes);
        let Value::Map(entries) = &tree.value else { panic!("{input}: {tree:?}") };
        let [(key, node)] = entries.as_slice() else { panic!("{input}: {entries:?}") };
        let found = match &node.value {
            Value::Scalar { text, plain: true } => Some((key.as_str(), Scalar::of(text))),
            Value::Scalar { text, plain: false } => Some((key.as_str(), Scalar::Text(text))),
            _ => None,
        };
        assert_eq!(found, expected, "{input}");
        assert_eq!(mistakes.is_empty(), expected.is_some(), "{input}: {mistakes:?}");
    }
}

#[test]
fn the_admin_section_is_checked() {
    let yaml = "admin: { listen: 4316, kill_switch: detach, audit_log: '', time_limit: 0s }";
    let errors = Config::parse(yaml, &|_| None).expect_err("four mistakes").to_string();
    for place in ["admin.listen", "admin.kill_switch", "admin.audit_log", "admin.time_limit"] {
        assert!(errors.contains(place), "{place}: {errors}");
    }
    let yaml = "admin: { listen: off, kill_switch: /run/x, audit_log: '-', time_limit: 10m }";
    let config = Config::parse(yaml, &|_| None).expect("valid");
    assert_eq!(config.admin.listen, crate::Listen::Off);
    assert_eq!(Config::parse(&config.to_yaml(), &|_| None), Ok(config), "survives printing");
}

#[test]
fn the_budget_section_is_checked() {
    let yaml = "budget: { target: 10, host: 0%, initial_pause: 0s }";
    let errors = parse(yaml).expect_err("three mistakes").to_string();
    for place in ["budget.target", "budget.host", "budget.initial_pause"] {
        assert!(errors.contains(place), "{place} is missing in {errors}");
    }
    let errors = parse("budget: { initial_pause: 1h }").expect_err("longer than the longest").to_string();
    assert!(errors.contains("budget.max_pause") || errors.contains("budget.initial_pause"), "{errors}");
    let config = parse("budget: { target: 0.5%, host: off }").expect("valid");
    assert_eq!((config.budget.target.cpus(), config.budget.host.cpus()), (Some(0.005), None));
}
