//! Who a process is, in OpenTelemetry's words.
use underspan_protocols::message::Attributes;

/// One exported `Resource`: a traced process. Shared by every span and metric of the process.
#[derive(Debug)]
pub struct Resource {
    /// Process id as the agent sees it.
    pub pid: u32,
    /// `service.name`, also among `attributes`.
    pub service: String,
    /// All resource attributes.
    pub attributes: Attributes,
}
