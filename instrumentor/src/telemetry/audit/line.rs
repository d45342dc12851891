//! One line of the audit log.

use std::fmt::Write;

use serde::Serialize;

use super::build_id::BuildIds;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A program was put at a hook.
    Attach,
    /// It was taken away.
    Detach,
    /// A process is traced from now on.
    Select,
    /// It no longer is.
    Deselect,
    /// It is not for a while, since that costs too much.
    Pause,
    /// It is again.
    Resume,
}

/// To what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A program at a hook of the kernel.
    Program {
        /// The probe it belongs to.
        probe: &'static str,
        /// Its name in the kernel.
        program: &'static str,
        /// The hook.
        hook: String,
    },
    /// A process.
    Process {
        /// Its id.
        pid: u32,
        /// `service.name`.
        service: String,
        /// Path of its executable, if known.
        executable: Option<String>,
    },
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, nanoseconds since the Unix epoch.
    pub time: u64,
    /// What.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// Why.
    pub reason: String,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    action: Action,
    #[serde(skip_serializing_if = "Option::is_none")]
    probe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    program: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hook: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    executable: Option<&'a str>,
    build_id: Option<String>,
    reason: &'a str,
}

/// Nanoseconds since the Unix epoch as RFC 3339 in UTC, with microseconds.
pub fn timestamp(time: u64) -> String {
    let time = jiff::Timestamp::from_nanosecond(time.into()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.6}")
}

impl Entry {
    /// Appends the line. The build id is the executable's; for programs at hooks of the kernel, the kernel's.
    pub(super) fn write(&self, ids: &mut BuildIds, out: &mut String) {
        let line = match &self.subject {
            Subject::Program { probe, program, hook } => Line {
                probe: Some(probe),
                program: Some(program),
                hook: Some(hook),
                pid: None,
                service: None,
                executable: None,
                build_id: ids.kernel(),
                ..self.line()
            },
            Subject::Process { pid, service, executable } => Line {
                probe: None,
                program: None,
                hook: None,
                pid: Some(*pid),
                service: Some(service),
                executable: executable.as_deref(),
                build_id: executable.as_deref().and_then(|path| ids.of(*pid, path)),
                ..self.line()
            },
        };
        // Text and numbers become JSON without fail, and writing to a String cannot fail.
        let _ = writeln!(out, "{}", serde_json::to_string(&line).unwrap_or_default());
    }

    fn line(&self) -> Line<'_> {
        Line {
            time: timestamp(self.time),
            action: self.action,
            probe: None,
            program: None,
            hook: None,
            pid: None,
            service: None,
            executable: None,
            build_id: None,
            reason: &self.reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(subject: Subject) -> Value {
        let entry = Entry {
            time: 1_700_000_000_123_456_789,
            action: Action::Select,
            subject,
            reason: "a \"b\"\n".into(),
        };
        let mut text = String::new();
        entry.write(&mut BuildIds::default(), &mut text);
        assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn a_process() {
        let own = std::env::current_exe().expect("a path").display().to_string();
        let pid = std::process::id();
        let found = line(Subject::Process { pid, service: "s".into(), executable: Some(own.clone()) });
        assert_eq!(found["time"], "2023-11-14T22:13:20.123456Z");
        assert_eq!(
            (&found["action"], &found["pid"], &found["executable"], &found["reason"]),
            (&json!("select"), &json!(pid), &json!(own), &json!("a \"b\"\n"))
        );
        assert!(found.get("hook").is_none());
        let gone =
            line(Subject::Process { pid: 0, service: String::new(), executable: Some("/no/such".into()) });
        assert_eq!(gone["build_id"], Value::Null);
    }

    #[test]
    fn a_program() {
        let found = line(Subject::Program { probe: "p", program: "us_p", hook: "tp_btf/x".into() });
        assert_eq!((&found["probe"], &found["hook"]), (&json!("p"), &json!("tp_btf/x")));
        assert!(found.get("pid").is_none());
    }
}
