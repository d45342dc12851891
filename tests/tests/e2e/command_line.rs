//! The binary as its users meet it.

use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use underspan_tests::agent::{binary, tier};
use underspan_tests::workload::process::{Process, eventually};
use underspan_tests::workload::{Load, Nginx};

use crate::stage::enter;

fn underspan(arguments: &[&str]) -> Output {
    Command::new(binary()).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// What it said until it ended by itself.
fn trace(arguments: &[&str]) -> Output {
    tracing(arguments).stdin(Stdio::null()).output().unwrap()
}

/// `underspan trace` with the tier that is forced and more arguments.
pub(crate) fn tracing(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.arg("trace");
    if let Some(tier) = tier() {
        command.args(["--tier", &tier]);
    }
    command.args(arguments);
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn exit_codes() {
    let Some(_turn) = enter("command_line::exit_codes") else { return };
    assert_eq!(code(&underspan(&["version"])), 0);
    assert_eq!(code(&underspan(&["--help"])), 0);
    assert_eq!(code(&underspan(&["trace"])), 2, "nothing is selected");
    assert_eq!(code(&underspan(&["no-such-command"])), 2);
    assert_eq!(code(&underspan(&["run", "-c", "/no/such/file.yaml"])), 2);
    assert_eq!(code(&trace(&["--", "/bin/false"])), 1, "the command's own");
    assert_eq!(code(&trace(&["--", "/no/such/program"])), 127);
}

#[test]
fn a_missing_privilege_is_named() {
    let Some(_turn) = enter("command_line::a_missing_privilege_is_named") else { return };
    // Root without capabilities can still read the binary wherever it is.
    let output = Command::new("setpriv")
        .args(["--bounding-set=-all", "--inh-caps=-all", "--"])
        .arg(binary())
        .args(["trace", "--pid", "1"])
        .output()
        .unwrap();
    let message = text(&output.stderr);
    assert_eq!(code(&output), 3, "{message}");
    assert!(message.contains("CAP_BPF"), "the capability is named: {message}");
    assert!(message.contains("setcap"), "the command that grants it is shown: {message}");
}

#[test]
fn five_mistakes_are_five_messages() {
    let Some(_turn) = enter("command_line::five_mistakes_are_five_messages") else { return };
    let file = tempfile::NamedTempFile::new().unwrap();
    let yaml = "select: [{ pid: 0 }]\ncapture: { ring_buffer: 3MiB }\nroutes: { mode: guess }\n\
                traces: { ratio: 2 }\nexport: { otlp: { retries: 1 } }\n";
    std::fs::write(file.path(), yaml).unwrap();
    let path = file.path().display().to_string();
    for arguments in [["config", "validate", "-c", &path].as_slice(), &["run", "-c", &path]] {
        let output = underspan(arguments);
        let message = text(&output.stderr);
        assert_eq!(code(&output), 2, "{message}");
        for place in
            ["select[0].pid", "capture.ring_buffer", "routes.mode", "traces.ratio", "export.otlp.retries"]
        {
            assert!(message.contains(place), "{place} is missing: {message}");
        }
    }
}

#[test]
fn the_configuration_is_printed_and_described() {
    let Some(_turn) = enter("command_line::the_configuration_is_printed_and_described") else { return };
    let printed = underspan(&["config", "print"]);
    assert_eq!(code(&printed), 0);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &printed.stdout).unwrap();
    let path = file.path().display().to_string();
    assert_eq!(code(&underspan(&["config", "validate", "-c", &path])), 0, "{}", text(&printed.stdout));
    let schema: Value = serde_json::from_slice(&underspan(&["config", "schema"]).stdout).unwrap();
    assert!(schema["properties"]["select"].is_object());
}

#[test]
fn check_and_list_say_what_there_is() {
    let Some(_turn) = enter("command_line::check_and_list_say_what_there_is") else { return };
    let check = underspan(&["check"]);
    assert_eq!(code(&check), 0, "{}", text(&check.stdout));
    assert!(text(&check.stdout).lines().count() > 3);
    let nginx = Nginx::start(false);
    for arguments in
        [vec!["list".to_owned()], vec!["list".into(), "--pid".into(), nginx.pids()[0].to_string()]]
    {
        let list = underspan(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(code(&list), 0);
        assert!(text(&list.stdout).contains("socket"), "{}", text(&list.stdout));
    }
    assert!(text(&underspan(&["version"]).stdout).starts_with("underspan "));
}

/// Names of the spans in OTLP/JSON lines, and whether they are of kind client (3) or server (2).
fn spans(lines: &str) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for line in lines.lines() {
        let request: Value = serde_json::from_str(line).expect("each line is one request");
        let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        for resource in list(&request, "resourceSpans") {
            for scope in list(&resource, "scopeSpans") {
                for span in list(&scope, "spans") {
                    let path = list(&span, "attributes").into_iter().find_map(|pair| {
                        let wanted = pair["key"] == "url.path" || pair["key"] == "url.full";
                        wanted.then(|| pair["value"]["stringValue"].as_str().unwrap_or("").to_owned())
                    });
                    found.push((path.unwrap_or_default(), span["kind"].as_u64().unwrap()));
                }
            }
        }
    }
    found
}

#[test]
fn a_command_is_traced_from_its_first_request() {
    let Some(_turn) = enter("command_line::a_command_is_traced_from_its_first_request") else { return };
    let nginx = Nginx::start(false);
    let url = format!("http://{}/first", nginx.address());
    for _ in 0..5 {
        let output = trace(&["--format", "json", "--", "curl", "-s", "-o", "/dev/null", &url]);
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert_eq!(spans(&text(&output.stdout)), [(url.clone(), 3)], "{}", text(&output.stderr));
    }
}

#[test]
fn trace_prints_spans_while_it_runs_and_ends_on_a_signal() {
    let Some(_turn) = enter("command_line::trace_prints_spans_while_it_runs_and_ends_on_a_signal") else {
        return;
    };
    let nginx = Nginx::start(false);
    let (out, log) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let selectors = nginx.pids().into_iter().flat_map(|pid| ["--pid".to_owned(), pid.to_string()]);
    let child = tracing(&["--format", "json"])
        .args(selectors)
        .stdout(out.reopen().unwrap())
        .stderr(log.reopen().unwrap())
        .spawn()
        .unwrap();
    let mut agent = Process::new(child);
    let written = |file: &tempfile::NamedTempFile| std::fs::read_to_string(file.path()).unwrap();
    eventually("the agent is ready", || written(&log).contains("ready"));
    let load = Load::new(nginx.address(), 10);
    load.run().complete(&load);
    eventually("spans are printed", || {
        let printed = written(&out);
        printed.ends_with('\n') && spans(&printed).len() == 10
    });
    agent.signal(rustix::process::Signal::INT);
    assert_eq!(agent.wait().code(), Some(0), "{}", written(&log));
    let paths: std::collections::BTreeSet<_> = spans(&written(&out)).into_iter().collect();
    assert_eq!(paths, load.paths().map(|path| (path, 2)).collect());
}

#[test]
fn a_port_selects_whoever_listens() {
    let Some(_turn) = enter("command_line::a_port_selects_whoever_listens") else { return };
    let nginx = Nginx::start(false);
    let session = crate::stage::Session::with(&[], json!({ "select": [{ "port": nginx.address().port() }] }));
    let load = Load::new(nginx.address(), 50);
    load.run().complete(&load);
    session.finish(50).perfect(50);
}
