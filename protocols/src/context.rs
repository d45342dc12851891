//! W3C Trace Context.

/// The position of a request in a trace, as `traceparent` and `tracestate` give it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TraceContext {
    /// Never all zero.
    pub trace_id: [u8; 16],
    /// Span id of the caller; never all zero.
    pub parent_id: [u8; 8],
    /// Bit 0 sampled, bit 1 random trace id; other bits are zero.
    pub flags: u8,
    /// `tracestate`, members in order, empty when absent or invalid.
    pub state: String,
}
