use std::time::Duration;

use clap::CommandFactory;
use underspan_config::{Listen, LogFormat, LogLevel, Period, Ports, Rule, Stdout, Tier};

use super::*;

fn arguments(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

fn act(line: &str) -> Result<Action, Failure> {
    resolve(arguments(line).expect("a good line"), &|_| None)
}

fn traced(line: &str) -> Trace {
    match act(line) {
        Ok(Action::Trace(trace)) => trace,
        other => panic!("{other:?}"),
    }
}

fn file(content: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), content).expect("our file");
    file
}

#[test]
fn the_definitions_are_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn each_selector_is_a_rule() {
    let trace = traced(
        "underspan trace --pid 7 --pid 8 --exe python3* --port 8080 --port 90-99 --cgroup /sys/fs/cgroup/a/b --all",
    );
    let rule = Rule::default;
    assert_eq!(
        trace.config.select,
        [
            Rule { pid: Some(7), ..rule() },
            Rule { pid: Some(8), ..rule() },
            Rule { exe: Some("python3*".to_owned()), ..rule() },
            Rule { port: Ports::parse("8080"), ..rule() },
            Rule { port: Ports::parse("90-99"), ..rule() },
            Rule { cgroup: Some("/a/b".to_owned()), ..rule() },
            Rule { exe: Some("*".to_owned()), ..rule() },
        ]
    );
    assert_eq!(trace.config.export.stdout, Stdout::Text);
    assert!(!trace.config.export.otlp.enabled && !trace.summary && trace.config.admin.time_limit.is_none());
}

#[test]
fn options_of_trace() {
    let trace = traced("underspan trace --format json --otlp --duration 30 --summary --tier t3 --all");
    assert_eq!(trace.config.export.stdout, Stdout::Json);
    assert!(trace.config.export.otlp.enabled && trace.config.metrics.enabled && trace.summary);
    assert_eq!(trace.config.admin.time_limit, Some(Period::seconds(30)));
    assert_eq!(trace.config.capture.tier, Tier::T3);
    assert!(
        trace.config.traces.schedule_delay.0 < Duration::from_secs(1),
        "the first span comes within a second"
    );
    let yaml = trace.config.to_yaml();
    assert_eq!(Config::parse(&yaml, &|_| None), Ok(trace.config), "and it is a valid configuration");
}

#[test]
fn every_tier_has_its_word() {
    let words = [
        ("auto", Tier::Auto),
        ("t1", Tier::T1),
        ("t2", Tier::T2),
        ("t3", Tier::T3),
        ("t3-syscalls", Tier::T3Syscalls),
    ];
    for (word, tier) in words {
        assert_eq!(traced(&format!("underspan trace --tier {word} --all")).config.capture.tier, tier);
        let file = format!("select: [{{ pid: 1 }}]\ncapture: {{ tier: {word} }}\n");
        assert_eq!(Config::parse(&file, &|_| None).expect(word).capture.tier, tier);
    }
}

#[test]
fn a_command_is_selection_enough() {
    let trace = traced("underspan trace --duration 5 -- curl -s --pid http://localhost/");
    assert_eq!(trace.command, ["curl", "-s", "--pid", "http://localhost/"]);
    assert!(trace.config.select.is_empty());
}

#[test]
fn nothing_selected_is_wrong_usage_and_says_how() {
    let failure = act("underspan trace --summary").expect_err("nothing selected");
    assert_eq!(failure.code, 2);
    for selector in ["--pid", "--exe", "--port", "--cgroup", "-- COMMAND", "--all"] {
        assert!(failure.message.contains(selector), "{selector} in {}", failure.message);
    }
}

#[test]
fn wrong_lines_have_code_two() {
    for line in [
        "underspan",
        "underspan trace --pid 0",
        "underspan trace --pid x",
        "underspan trace --port 99-1",
        "underspan trace --port 70000",
        "underspan trace --tier t4 --all",
        "underspan trace --duration 0 --all",
        "underspan trace --format xml --all",
        "underspan launch gate",
        "underspan nonsense",
    ] {
        assert_eq!(arguments(line).expect_err(line).exit_code(), 2, "{line}");
    }
    for line in ["underspan trace --exe [ --pid 1", "underspan trace --cgroup a/b"] {
        assert_eq!(act(line).expect_err(line).code, 2, "{line}");
    }
    assert_eq!(arguments("underspan --help").expect_err("help").exit_code(), 0);
}

#[test]
fn run_reads_its_file() {
    let good = file("select: [{ port: 8080 }]\nlog: { level: warn }\n");
    let line = format!("underspan run --log-format json -c {}", good.path().display());
    let Ok(Action::Run(config)) = act(&line) else { panic!("{line}") };
    assert_eq!(config.log.level, LogLevel::Warn, "the file's");
    assert_eq!(config.log.format, LogFormat::Json, "the command line's");
    let Ok(Action::Run(config)) = act(&format!("{line} --log-level debug")) else { panic!("{line}") };
    assert_eq!(config.log.level, LogLevel::Debug, "the command line goes first");
}

#[test]
fn run_refuses_bad_files() {
    let run = |content: &str| {
        let file = file(content);
        act(&format!("underspan run -c {}", file.path().display())).expect_err(content)
    };
    let empty = run("");
    assert_eq!(empty.code, 2);
    assert!(empty.message.contains("selects no process"), "{}", empty.message);
    let wrong = run("select: 1\ntraces: { sampler: x, ratio: y }\nlog: { level: z }\nfoo: 1\n");
    assert_eq!(wrong.code, 2);
    assert!(wrong.message.contains("5 mistakes"), "{}", wrong.message);
    for path in ["select", "traces.sampler", "traces.ratio", "log.level", "foo"] {
        assert!(wrong.message.contains(&format!(" {path}: ")), "{path} in {}", wrong.message);
    }
    assert_eq!(act("underspan run -c /nowhere/underspan.yaml").expect_err("no file").code, 2);
}

#[test]
fn variables_come_from_the_environment() {
    let file = file("select: [{ pid: 1 }]\nexport:\n  otlp:\n    endpoint: ${TARGET}\n");
    let arguments = arguments(&format!("underspan run -c {}", file.path().display())).expect("a good line");
    let env = |name: &str| (name == "TARGET").then(|| "http://collector:4318".to_owned());
    let Ok(Action::Run(config)) = resolve(arguments, &env) else { panic!("a good file") };
    assert_eq!(config.export.otlp.endpoint.as_deref(), Some("http://collector:4318"));
}

#[test]
fn launching_what_does_not_exist_is_as_in_a_shell() {
    let failure = act("underspan launch /nowhere/gate -- /no/such/program").expect_err("no gate");
    assert_eq!(failure.code, 127);
}

#[test]
fn help_shows_every_public_subcommand_and_not_the_hidden_one() {
    let help = Arguments::command().render_long_help().to_string();
    for name in ["run", "trace", "check", "list", "config", "version", "Exit codes"] {
        assert!(help.contains(name), "{name} in {help}");
    }
    assert!(!help.contains("gate"), "{help}");
}

#[test]
fn operation_goes_before_the_configuration() {
    let file = file("select: [{ port: 80 }]\nadmin: { time_limit: 1h, audit_log: /a, listen: off }\n");
    let run = |options: &str| match act(&format!("underspan run -c {} {options}", file.path().display())) {
        Ok(Action::Run(config)) => config.admin,
        other => panic!("{other:?}"),
    };
    let said = run("");
    assert_eq!((said.time_limit, said.listen), (Some(Period::seconds(3600)), Listen::Off));
    let said = run("--for 10m --audit-log - --kill-switch x --admin 127.0.0.1:1");
    assert_eq!(said.time_limit, Some(Period::seconds(600)));
    assert_eq!(said.audit_log.as_deref(), Some(Path::new("-")));
    assert!(said.kill_switch.is_some_and(|file| file.is_absolute() && file.ends_with("x")));
    assert_eq!(said.listen.to_string(), "127.0.0.1:1");
    assert_eq!(run("--duration 90").time_limit, Some(Period::seconds(90)), "the older word, in seconds");
    for wrong in ["--for 0", "--for 0s", "--for soon", "--admin 4316"] {
        assert!(arguments(&format!("underspan run -c x {wrong}")).is_err(), "{wrong}");
    }
    assert_eq!(
        traced("underspan trace --all").config.admin.listen,
        Listen::Off,
        "an agent may run beside it"
    );
}
