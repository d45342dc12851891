//! Lines of the test harness -> what came of each test.

use std::collections::BTreeMap;

/// What came of the tests of one guest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) passed: Vec<String>,
    pub(super) failed: Vec<String>,
    /// With the reason.
    pub(super) skipped: BTreeMap<String, String>,
    /// Those of `passed` that failed at first.
    pub(super) again: Vec<String>,
}

impl Outcome {
    /// Lays the outcome of tests that ran once more over this one.
    pub(super) fn retried(&mut self, second: Self) {
        self.failed.retain(|name| second.failed.contains(name));
        self.skipped.extend(second.skipped);
        self.again.extend(second.passed.iter().cloned());
        self.passed.extend(second.passed);
    }
}

/// Reads what the harness and the tests write, line by line. Both write to one terminal, so a test's name and its result need not
/// stand in the same line.
#[derive(Debug, Default)]
pub(super) struct Reader {
    outcome: Outcome,
    /// The test that runs.
    current: Option<String>,
}

impl Reader {
    /// Takes one line; name and result of the test that has ended, if one has.
    pub(super) fn line(&mut self, line: &str) -> Option<(String, &'static str)> {
        let mut rest = line.trim();
        if let Some((name, after)) = rest.strip_prefix("test ").and_then(|line| line.split_once(" ... ")) {
            self.current = Some(name.to_owned());
            rest = after;
        }
        if let Some((_, skipped)) = rest.split_once("skipped: ")
            && let Some((name, reason)) = skipped.split_once(": ")
        {
            self.outcome.skipped.insert(name.to_owned(), reason.to_owned());
        }
        let failed = match rest {
            "ok" => false,
            "FAILED" => true,
            _ => return None,
        };
        let name = self.current.take()?;
        let word = if failed {
            self.outcome.failed.push(name.clone());
            "failed"
        } else if self.outcome.skipped.contains_key(&name) {
            "skipped"
        } else {
            self.outcome.passed.push(name.clone());
            "passed"
        };
        Some((name, word))
    }

    /// What came of `tests`: one that has not ended has failed.
    pub(super) fn end(self, tests: &[String]) -> Outcome {
        let mut outcome = self.outcome;
        let ended = |name: &String| {
            outcome.passed.contains(name)
                || outcome.failed.contains(name)
                || outcome.skipped.contains_key(name)
        };
        let open: Vec<_> = tests.iter().filter(|name| !ended(name)).cloned().collect();
        outcome.failed.extend(open);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &[&str] = &[
        "running 4 tests",
        "test http::one ... ran: http::one",
        "Traceback of somebody",
        "ok",
        "test http::two ... ok",
        "test http::three ... skipped: http::three: needs a reason",
        "ok",
        "test http::four ... ran: http::four",
        "FAILED",
        "test http::five ... ran: http::five",
    ];

    fn read() -> Outcome {
        let mut reader = Reader::default();
        for line in LINES {
            reader.line(line);
        }
        reader.end(&["one", "two", "three", "four", "five"].map(|name| format!("http::{name}")))
    }

    #[test]
    fn every_test_has_one_outcome() {
        let outcome = read();
        assert_eq!(outcome.passed, ["http::one", "http::two"]);
        assert_eq!(outcome.failed, ["http::four", "http::five"], "the guest died in the fifth");
        assert_eq!(outcome.skipped["http::three"], "needs a reason");
    }

    #[test]
    fn what_passes_the_second_time_is_told() {
        let mut outcome = read();
        outcome.retried(Outcome {
            passed: vec!["http::four".to_owned()],
            failed: vec!["http::five".to_owned()],
            ..Outcome::default()
        });
        assert_eq!(
            (outcome.failed, outcome.again),
            (vec!["http::five".to_owned()], vec!["http::four".to_owned()])
        );
    }
}
