//! Which tests run: all, those that are named, or the few of the short form.

use anyhow::ensure;

/// Begin the names of the short form's tests: each way bytes travel, both ends joined, connections older than the agent, and more load
/// than fits, where the completeness equation is at stake. Few, since `make test` runs them for each tier.
const SHORT: &[&str] = &[
    "clients::both_ends_of_new",
    "lifecycle::quiet_connections",
    "nginx::keep_alive_at_full_speed",
    "nginx::new_connections_at_full_speed",
    "overload::a_small_ring",
    "transports::",
];

/// Chooses from `all`: the short form's if `short`, and those whose name contains one of `filters` if there are any.
pub(super) fn choose(mut all: Vec<String>, short: bool, filters: &[String]) -> anyhow::Result<Vec<String>> {
    let wanted = |name: &str| !short || SHORT.iter().any(|start| name.starts_with(start));
    let named = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter));
    if short {
        let gone = SHORT.iter().find(|start| !all.iter().any(|name| name.starts_with(*start)));
        ensure!(gone.is_none(), "no test is called {gone:?} any more");
    }
    all.retain(|name| wanted(name) && named(name));
    ensure!(!all.is_empty(), "no test has such a name: {}", filters.join(" "));
    Ok(all)
}
