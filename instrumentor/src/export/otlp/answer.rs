//! What receivers answer: partial success, `google.rpc.Status`, how long to wait.
use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::RETRY_AFTER};
use opentelemetry_proto::tonic::collector::{
    metrics::v1::ExportMetricsServiceResponse, trace::v1::ExportTraceServiceResponse,
};
use prost::Message;

use crate::export::{Outcome, Signal};

/// `google.rpc.Status`: body of HTTP errors, `grpc-status-details-bin` of gRPC errors.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// `google.rpc.RetryInfo`.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// A success response in protobuf. One that cannot be read is still a success: the receiver has the batch.
pub(super) fn protobuf(signal: Signal, body: &[u8]) -> Outcome {
    match signal {
        Signal::Traces => ExportTraceServiceResponse::decode(body).map_or(Outcome::OK, traces),
        Signal::Metrics => ExportMetricsServiceResponse::decode(body).map_or(Outcome::OK, metrics),
    }
}

/// A success response in JSON.
pub(super) fn json(signal: Signal, body: &[u8]) -> Outcome {
    match signal {
        Signal::Traces => serde_json::from_slice(body).map_or(Outcome::OK, traces),
        Signal::Metrics => serde_json::from_slice(body).map_or(Outcome::OK, metrics),
    }
}

fn traces(response: ExportTraceServiceResponse) -> Outcome {
    response
        .partial_success
        .map_or(Outcome::OK, |partial| accepted(partial.rejected_spans, partial.error_message))
}

fn metrics(response: ExportMetricsServiceResponse) -> Outcome {
    response
        .partial_success
        .map_or(Outcome::OK, |partial| accepted(partial.rejected_data_points, partial.error_message))
}

fn accepted(rejected: i64, message: String) -> Outcome {
    Outcome::Accepted { rejected: u64::try_from(rejected).unwrap_or(0), message }
}

/// The message of an HTTP error's body, if it has one.
pub(super) fn error_message(body: &[u8]) -> String {
    Status::decode(body).map(|status| status.message).unwrap_or_default()
}

/// `Retry-After`: seconds, or a date. A date that passed is no wait.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The delay of the `RetryInfo` among the details of a gRPC error. One without delay asks for none.
pub(super) fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = Status::decode(details).ok()?;
    let info = status.details.iter().find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(info.value.as_slice()).ok()?.retry_delay.unwrap_or_default();
    let seconds = u64::try_from(delay.seconds).unwrap_or(0);
    let nanos = u32::try_from(delay.nanos).unwrap_or(0).min(999_999_999);
    Some(Duration::new(seconds, nanos))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use http::HeaderValue;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 12:00:00 GMT").unwrap();
        for (value, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            ("Sat, 21 Nov 2026 12:01:30 GMT", Some(90)),
            ("Sat, 21 Nov 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
            assert_eq!(retry_after(&headers, now), seconds.map(Duration::from_secs), "{value}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_delay_needs_retry_info() {
        let delay =
            |details: Vec<Any>| retry_delay(&Status { message: String::new(), details }.encode_to_vec());
        let any =
            |kind: &str, value| Any { type_url: format!("type.googleapis.com/google.rpc.{kind}"), value };
        let info = |seconds, nanos| RetryInfo { retry_delay: Some(Delay { seconds, nanos }) }.encode_to_vec();
        assert_eq!(delay(vec![]), None);
        assert_eq!(delay(vec![any("ErrorInfo", info(1, 0))]), None);
        assert_eq!(
            delay(vec![any("ErrorInfo", vec![]), any("RetryInfo", info(2, 5))]),
            Some(Duration::new(2, 5))
        );
        assert_eq!(delay(vec![any("RetryInfo", vec![])]), Some(Duration::ZERO));
        assert_eq!(delay(vec![any("RetryInfo", info(-1, -1))]), Some(Duration::ZERO));
        assert_eq!(retry_delay(b"\xff"), None);
    }
}
