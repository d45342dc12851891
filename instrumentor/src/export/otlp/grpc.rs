//! OTLP/gRPC over a tonic channel. The frame is written here, so that a batch is compressed once and not at
//! each try.
use std::{future::poll_fn, sync::OnceLock, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, Version as HttpVersion,
    header,
};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tonic::{
    Code, Status,
    body::Body,
    codegen::Service,
    transport::{Channel, Endpoint},
};

use super::{
    Compression, MAX_RESPONSE, Target, USER_AGENT, answer,
    attempt::{no_response, within},
    gzip::gzip,
    tls::{self, Version},
};
use crate::export::{Batch, DropReason, Error, Exporter, Outcome, Sending, Signal};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// Bytes before a message: whether it is compressed, and its length.
const FRAME_HEAD: usize = 5;

/// Calls `Export` of one signal's service.
pub(super) struct Grpc {
    endpoint: Endpoint,
    connector: HttpsConnector<HttpConnector>,
    /// Opened by the first call, because a channel belongs to the runtime it is opened in.
    channel: OnceLock<Channel>,
    headers: HeaderMap,
    gzip: bool,
    timeout: Option<Duration>,
}

impl Grpc {
    pub(super) fn new(target: &Target) -> Result<Self, Error> {
        let connector = tls::connector(&target.endpoint, &target.tls, Version::Two)?;
        let endpoint = Endpoint::from(target.endpoint.clone())
            .user_agent(HeaderValue::from_static(USER_AGENT))
            .expect("a header value is one");
        let gzip = target.compression == Compression::Gzip;
        let mut headers = target.headers.clone();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        if gzip {
            headers.insert(ENCODING, HeaderValue::from_static("gzip"));
        }
        if let Some(timeout) = target.timeout {
            // At most eight digits, as gRPC has it; a day is for ever.
            let milliseconds = timeout.as_millis().min(86_400_000);
            let value = HeaderValue::try_from(format!("{milliseconds}m")).expect("digits and a letter");
            headers.insert(TIMEOUT, value);
        }
        Ok(Self { endpoint, connector, channel: OnceLock::new(), headers, gzip, timeout: target.timeout })
    }

    async fn call(&self, signal: Signal, frame: Bytes) -> Outcome {
        let open = || self.endpoint.connect_with_connector_lazy(self.connector.clone());
        let mut channel = self.channel.get_or_init(open).clone();
        let mut request = Request::new(Body::new(Full::new(frame)));
        *request.method_mut() = Method::POST;
        *request.version_mut() = HttpVersion::HTTP_2;
        *request.uri_mut() = Uri::from_static(if signal == Signal::Traces { TRACES } else { METRICS });
        *request.headers_mut() = self.headers.clone();
        if let Err(error) = poll_fn(|cx| channel.poll_ready(cx)).await {
            return no_response(&error);
        }
        match channel.call(request).await {
            Ok(response) => answered(signal, response).await,
            Err(error) => no_response(&error),
        }
    }
}

impl Exporter for Grpc {
    fn encode(&self, mut batch: Batch) -> Batch {
        let message = if self.gzip { gzip(&batch.body).into() } else { batch.body };
        let mut frame = BytesMut::with_capacity(FRAME_HEAD + message.len());
        frame.put_u8(u8::from(self.gzip));
        frame.put_u32(u32::try_from(message.len()).expect("requests are limited to 64 MiB"));
        frame.put_slice(&message);
        batch.body = frame.freeze();
        batch
    }

    fn export(&self, batch: &Batch) -> Sending<'_> {
        let call = self.call(batch.signal, batch.body.clone());
        Box::pin(within(self.timeout, call))
    }
}

/// Reads the whole response: a status in the headers or in the trailers, and a message when it is OK.
async fn answered(signal: Signal, response: Response<Body>) -> Outcome {
    let (head, body) = response.into_parts();
    if let Some(status) = Status::from_header_map(&head.headers).filter(|status| status.code() != Code::Ok) {
        return outcome(&status);
    }
    if head.status != StatusCode::OK {
        return outcome(&Status::new(code(head.status), format!("HTTP status {}", head.status)));
    }
    let body = match Limited::new(body, MAX_RESPONSE).collect().await {
        Ok(body) => body,
        Err(error) if error.is::<LengthLimitError>() => {
            let error = format!("the response has more than {MAX_RESPONSE} bytes");
            return Outcome::Refused { reason: DropReason::Rejected, error };
        }
        Err(error) => return no_response(error.as_ref()),
    };
    match body.trailers().or(Some(&head.headers)).and_then(Status::from_header_map) {
        Some(status) if status.code() == Code::Ok => {
            let body = body.to_bytes();
            answer::protobuf(signal, body.get(FRAME_HEAD..).unwrap_or_default())
        }
        Some(status) => outcome(&status),
        None => Outcome::Failed {
            reason: DropReason::Unavailable,
            after: None,
            error: "the response ended without a status".into(),
        },
    }
}

/// Which codes may be tried again is listed by the OTLP specification.
fn outcome(status: &Status) -> Outcome {
    let after = answer::retry_delay(status.details());
    let error = format!("{:?}: {}", status.code(), status.message());
    let transient = match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        // Only with the receiver's word that it will recover.
        Code::ResourceExhausted => after.is_some(),
        _ => false,
    };
    match status.code() {
        Code::DeadlineExceeded => Outcome::Failed { reason: DropReason::Timeout, after, error },
        _ if transient => Outcome::Failed { reason: DropReason::Unavailable, after, error },
        _ => Outcome::Refused { reason: DropReason::Rejected, error },
    }
}

/// The code that stands for an HTTP status without one, as gRPC maps them.
fn code(status: StatusCode) -> Code {
    match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502..=504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}
