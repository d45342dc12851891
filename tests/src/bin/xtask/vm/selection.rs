//! Which tests run: those of the matrix, the few of its short form, all, or those that are named.

use anyhow::ensure;

/// How many of the tests run where none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Few, since `make test` runs them.
    Short,
    /// Those whose result depends on the kernel and the tier.
    Matrix,
    /// All there are.
    All,
}

/// Begin the names of the short form's tests: both ends joined, connections older than the agent, vectors, and more load than fits, where
/// the completeness equation is at stake.
const SHORT: &[&str] = &[
    "clients::both_ends_of_new",
    "lifecycle::quiet_connections",
    "nginx::keep_alive_at_full_speed",
    "overload::a_small_ring_loses_and_counts_kept",
    "transports::readv",
];

/// Begin the names of what else the matrix has: each way bytes travel, new connections, the reader stopped, TLS, frames followed in the
/// kernel.
const MATRIX: &[&str] = &[
    "http2::a_hundred_streams_at_once_at_a_steady_rate",
    "nginx::new_connections_at_full_speed",
    "overload::a_reader_that_stops_loses_counts_and_recovers_on_kept",
    "overload::a_small_ring_loses_and_counts_new",
    "tls::both_ends_of_new",
    "transports::",
];

/// Chooses from `all`: those whose name contains one of `filters`, or without any those of the form.
pub(super) fn choose(mut all: Vec<String>, form: Form, filters: &[String]) -> anyhow::Result<Vec<String>> {
    let starts: Vec<_> = match form {
        Form::Short => SHORT.to_vec(),
        Form::Matrix => [SHORT, MATRIX].concat(),
        Form::All => vec![""],
    };
    let gone = starts.iter().find(|start| !all.iter().any(|name| name.starts_with(**start)));
    ensure!(gone.is_none(), "no test is called {gone:?} any more");
    if filters.is_empty() {
        all.retain(|name| starts.iter().any(|start| name.starts_with(start)));
    } else {
        all.retain(|name| filters.iter().any(|filter| name.contains(filter)));
    }
    ensure!(!all.is_empty(), "no test has such a name: {}", filters.join(" "));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        [SHORT, MATRIX, &["tls::nginx_with_curl"]].concat().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn each_form_holds_the_one_before() {
        let count = |form| choose(names(), form, &[]).map(|chosen| chosen.len());
        assert_eq!(count(Form::Short).ok(), Some(SHORT.len()));
        assert_eq!(count(Form::Matrix).ok(), Some(SHORT.len() + MATRIX.len()));
        assert_eq!(count(Form::All).ok(), Some(names().len()));
    }

    #[test]
    fn named_tests_run_whatever_the_form() {
        let chosen = choose(names(), Form::Short, &["with_curl".to_owned()]);
        assert_eq!(chosen.ok(), Some(vec!["tls::nginx_with_curl".to_owned()]));
        assert!(choose(names(), Form::All, &["nothing".to_owned()]).is_err());
    }

    #[test]
    fn a_test_that_is_gone_is_missed() {
        let mut names = names();
        names.remove(0);
        assert!(choose(names, Form::Matrix, &[]).is_err());
    }
}
