//! Requests -> the script's answers.
use std::{convert::Infallible, io::Read, net::TcpListener, sync::Arc, time::Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use opentelemetry_proto::tonic::collector::{
    metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tonic::{Code, Status, body::Body, codec::CompressionEncoding, codegen::Service, metadata::MetadataMap};

use super::{Answer, Request, Shared, view};

/// Accepts connections for as long as it is polled.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        let shared = Arc::clone(&shared);
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => connection(stream, shared).await,
                // What fails is a client that is not trusted, or does not trust.
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection(stream, shared).await;
                    }
                }
            }
        });
    }
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, shared: Arc<Shared>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
    let connection = auto::Builder::new(TokioExecutor::new());
    // Its errors are the script's closed connections and the agent's.
    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: http::Request<Incoming>, shared: Arc<Shared>) -> anyhow::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let grpc = kind.starts_with("application/grpc");
    let json = kind == "application/json";
    let mut received = Request {
        at: Instant::now(),
        path: head.uri.path().to_owned(),
        headers: head.headers.clone(),
        body: Bytes::new(),
    };
    if grpc {
        let answer = arrived(&shared, received);
        return call(http::Request::from_parts(head, body), answer, shared).await;
    }
    received.body = body.collect().await?.to_bytes();
    let body = plain(&received)?;
    let traces = received.path.ends_with("/v1/traces");
    match arrived(&shared, received) {
        Answer::Hang => std::future::pending().await,
        Answer::Close => bail!("the script closes the connection"),
        Answer::Grpc { .. } => status(500, None),
        Answer::Status { code, retry_after } => status(code, retry_after),
        Answer::Large(bytes) => {
            take(&shared, traces, json, &body)?;
            Ok(Response::new(Body::new(Full::new(Bytes::from(vec![0; bytes])))))
        }
        Answer::Ok => {
            take(&shared, traces, json, &body)?;
            success(traces, json, None)
        }
        Answer::Partial { rejected, message } => {
            take(&shared, traces, json, &body)?;
            success(traces, json, Some((rejected, message)))
        }
    }
}

/// Notes the request and picks its answer.
fn arrived(shared: &Shared, request: Request) -> Answer {
    let mut answer = Answer::Ok;
    shared.change(|state| {
        answer = state.script.0.pop_front().unwrap_or(Answer::Ok);
        state.requests.push(request);
    });
    answer
}

fn plain(request: &Request) -> anyhow::Result<Vec<u8>> {
    match request.headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None => Ok(request.body.to_vec()),
        Some(b"gzip") => {
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(request.body.as_ref()).read_to_end(&mut body).context("gzip")?;
            Ok(body)
        }
        Some(_) => bail!("unknown content encoding"),
    }
}

fn take(shared: &Shared, traces: bool, json: bool, body: &[u8]) -> anyhow::Result<()> {
    if traces {
        let request =
            if json { serde_json::from_slice(body)? } else { ExportTraceServiceRequest::decode(body)? };
        shared.change(|state| state.spans.extend(view::spans(request)));
    } else {
        let request =
            if json { serde_json::from_slice(body)? } else { ExportMetricsServiceRequest::decode(body)? };
        shared.change(|state| state.points.extend(view::points(request)));
    }
    Ok(())
}

fn success(traces: bool, json: bool, partial: Option<(i64, &str)>) -> anyhow::Result<Response<Body>> {
    let body = match (traces, json) {
        (true, false) => traces_response(partial).encode_to_vec(),
        (false, false) => metrics_response(partial).encode_to_vec(),
        (true, true) => serde_json::to_vec(&traces_response(partial))?,
        (false, true) => serde_json::to_vec(&metrics_response(partial))?,
    };
    Ok(Response::new(Body::new(Full::new(Bytes::from(body)))))
}

fn traces_response(partial: Option<(i64, &str)>) -> ExportTraceServiceResponse {
    let partial = partial.map(|(rejected_spans, message)| ExportTracePartialSuccess {
        rejected_spans,
        error_message: message.to_owned(),
    });
    ExportTraceServiceResponse { partial_success: partial }
}

fn metrics_response(partial: Option<(i64, &str)>) -> ExportMetricsServiceResponse {
    let partial = partial.map(|(rejected_data_points, message)| ExportMetricsPartialSuccess {
        rejected_data_points,
        error_message: message.to_owned(),
    });
    ExportMetricsServiceResponse { partial_success: partial }
}

fn status(code: u16, retry_after: Option<String>) -> anyhow::Result<Response<Body>> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(code)?;
    if let Some(value) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::try_from(value)?);
    }
    Ok(response)
}

/// A gRPC call: tonic reads the message and writes the response, the script decides between.
async fn call(
    request: http::Request<Incoming>,
    answer: Answer,
    shared: Arc<Shared>,
) -> anyhow::Result<Response<Body>> {
    match answer {
        Answer::Hang => std::future::pending().await,
        Answer::Close => bail!("the script closes the connection"),
        Answer::Status { code, retry_after } => return status(code, retry_after),
        _ => {}
    }
    let request = request.map(Body::new);
    let export = Export { answer, shared };
    let result: Result<_, Infallible> = if request.uri().path().contains("TraceService") {
        TraceServiceServer::new(export).accept_compressed(CompressionEncoding::Gzip).call(request).await
    } else {
        MetricsServiceServer::new(export).accept_compressed(CompressionEncoding::Gzip).call(request).await
    };
    Ok(result?)
}

struct Export {
    answer: Answer,
    shared: Arc<Shared>,
}

impl Export {
    /// What to say about a message that was taken: partial success, or the reason why it was not.
    fn partial(&self) -> Result<Option<(i64, String)>, Status> {
        match &self.answer {
            Answer::Grpc { code, retry_delay } => Err(refusal(*code, *retry_delay)),
            Answer::Partial { rejected, message } => Ok(Some((*rejected, (*message).to_owned()))),
            Answer::Large(bytes) => Ok(Some((0, "x".repeat(*bytes)))),
            _ => Ok(None),
        }
    }
}

#[tonic::async_trait]
impl TraceService for Export {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, Status> {
        let partial = self.partial()?;
        self.shared.change(|state| state.spans.extend(view::spans(request.into_inner())));
        let partial = partial.as_ref().map(|(rejected, message)| (*rejected, message.as_str()));
        Ok(tonic::Response::new(traces_response(partial)))
    }
}

#[tonic::async_trait]
impl MetricsService for Export {
    async fn export(
        &self,
        request: tonic::Request<ExportMetricsServiceRequest>,
    ) -> Result<tonic::Response<ExportMetricsServiceResponse>, Status> {
        let partial = self.partial()?;
        self.shared.change(|state| state.points.extend(view::points(request.into_inner())));
        let partial = partial.as_ref().map(|(rejected, message)| (*rejected, message.as_str()));
        Ok(tonic::Response::new(metrics_response(partial)))
    }
}

/// A status, with `RetryInfo` in its details when there is a delay.
fn refusal(code: Code, retry_delay: Option<std::time::Duration>) -> Status {
    let Some(delay) = retry_delay else { return Status::new(code, "by script") };
    let details = rpc::Status {
        code: code as i32,
        message: "by script".into(),
        details: vec![rpc::Any {
            type_url: "type.googleapis.com/google.rpc.RetryInfo".into(),
            value: rpc::RetryInfo {
                retry_delay: Some(rpc::Delay {
                    seconds: delay.as_secs().cast_signed(),
                    nanos: delay.subsec_nanos().cast_signed(),
                }),
            }
            .encode_to_vec(),
        }],
    };
    Status::with_details_and_metadata(code, "by script", details.encode_to_vec().into(), MetadataMap::new())
}

/// The messages of `google.rpc` that carry a delay.
mod rpc {
    /// `google.rpc.Status`.
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Status {
        #[prost(int32, tag = "1")]
        pub(super) code: i32,
        #[prost(string, tag = "2")]
        pub(super) message: String,
        #[prost(message, repeated, tag = "3")]
        pub(super) details: Vec<Any>,
    }

    /// `google.protobuf.Any`.
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Any {
        #[prost(string, tag = "1")]
        pub(super) type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        pub(super) value: Vec<u8>,
    }

    /// `google.rpc.RetryInfo`.
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        pub(super) retry_delay: Option<Delay>,
    }

    /// `google.protobuf.Duration`.
    #[derive(Clone, Copy, PartialEq, prost::Message)]
    pub(super) struct Delay {
        #[prost(int64, tag = "1")]
        pub(super) seconds: i64,
        #[prost(int32, tag = "2")]
        pub(super) nanos: i32,
    }
}
