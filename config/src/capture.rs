//! What is read from the kernel, and what parsers make of it.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::Size;

/// Reading the kernel. Sizes here decide the agent's memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capture {
    /// Which hooks to use. Default `auto`: the best the kernel allows.
    pub tier: Tier,
    /// Size of the ring buffer, a power of two from 64 KiB to 1 GiB. Default `8MiB`.
    pub ring_buffer: Size,
    /// Bytes captured at the beginning of each request, from 64 B to 16 KiB. Default `4KiB`.
    pub request_budget: Size,
    /// Bytes captured at the beginning of each response, from 64 B to 16 KiB. Default `1KiB`.
    pub response_budget: Size,
    /// Processes that can be traced at the same time, from 1. Default 4096.
    pub max_targets: u32,
    /// Connections followed at the same time, from 1. Default 16384.
    pub max_connections: u32,
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            tier: Tier::Auto,
            ring_buffer: Size::mebibytes(8),
            request_budget: Size(4096),
            response_budget: Size(1024),
            max_targets: 4096,
            max_connections: 16384,
        }
    }
}

/// Hooks on plaintext sockets, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// The best the kernel allows.
    Auto,
    /// Trampolines around the kernel's socket functions: `fentry` and `fexit`.
    T1,
    /// Kprobes on the same functions.
    T2,
    /// Tracepoints at the end of socket calls.
    T3,
    /// System call tracepoints: works on kernels without the former, and slows every system call of the host a little.
    T3Syscalls,
}

/// How HTTP is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// Methods that may appear as `http.request.method`; others become `_OTHER`, and `HTTP` in the span's name.
    /// Default: the methods of RFC 9110, PATCH and QUERY.
    pub known_methods: Vec<String>,
    /// What happens to query strings. Default `redact_values`.
    pub query: Query,
    /// Longest value kept of a path, query or header, from 16 B. Default `1KiB`.
    pub max_value: Size,
}

impl Default for Http {
    fn default() -> Self {
        let methods =
            ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];
        Self {
            known_methods: methods.map(str::to_owned).to_vec(),
            query: Query::RedactValues,
            max_value: Size(1024),
        }
    }
}

/// What leaves the parser of a query string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// Keys stay, every value becomes `REDACTED`.
    RedactValues,
    /// Everything stays but the values of these keys.
    RedactKeys(Vec<String>),
    /// The query string is dropped.
    Drop,
}

/// How a path becomes a route, the low-cardinality part of a span's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Routes {
    /// Where routes come from. Default `heuristic`.
    pub mode: RouteMode,
    /// Patterns tried first, in this order, such as `/users/{id}`; `*` stands for any one segment. Default: none.
    pub patterns: Vec<String>,
    /// Different routes per service, from 1; more are folded into one. Default 200.
    pub max_per_service: u32,
}

impl Default for Routes {
    fn default() -> Self {
        Self { mode: RouteMode::Heuristic, patterns: Vec::new(), max_per_service: 200 }
    }
}

/// Where routes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RouteMode {
    /// The patterns, then templating of segments that look like identifiers.
    Heuristic,
    /// The patterns alone; other paths have no route.
    Patterns,
    /// No routes.
    None,
}
