//! OTLP/JSON: lowerCamelCase names, ids in hexadecimal, 64-bit integers as text, enumerations as numbers.
use opentelemetry_proto::tonic::collector::{
    metrics::v1::ExportMetricsServiceRequest, trace::v1::ExportTraceServiceRequest,
};
use prost::Message;
use serde::Serialize;

use crate::export::{Batch, Signal};

/// The request of a batch (not yet encoded for another transport) as one line of JSON, without its end.
pub fn encode(batch: &Batch) -> Vec<u8> {
    match batch.signal {
        Signal::Traces => line::<ExportTraceServiceRequest>(batch),
        Signal::Metrics => line::<ExportMetricsServiceRequest>(batch),
    }
}

fn line<Request: Message + Default + Serialize>(batch: &Batch) -> Vec<u8> {
    let request = Request::decode(batch.body.as_ref()).expect("batches are written by this agent");
    serde_json::to_vec(&request).expect("requests have text for keys, which is all JSON asks")
}
