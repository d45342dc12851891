//! OTLP/HTTP: one POST per batch over kept connections.
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{
    Compression, MAX_RESPONSE, Protocol, Target, USER_AGENT, answer,
    attempt::{no_response, within},
    gzip::gzip,
    json,
    tls::{self, Version},
};
use crate::export::{Batch, DropReason, Error, Exporter, Outcome, Sending, Signal};

/// Sends batches of one signal to one URL.
pub(super) struct HttpPost {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    endpoint: Uri,
    headers: HeaderMap,
    json: bool,
    gzip: bool,
    timeout: Option<Duration>,
}

impl HttpPost {
    pub(super) fn new(target: &Target) -> Result<Self, Error> {
        let connector = tls::connector(&target.endpoint, &target.tls, Version::One)?;
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        let json = target.protocol == Protocol::HttpJson;
        let gzip = target.compression == Compression::Gzip;
        let mut headers = target.headers.clone();
        headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        let kind = if json { "application/json" } else { "application/x-protobuf" };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if gzip {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        Ok(Self { client, endpoint: target.endpoint.clone(), headers, json, gzip, timeout: target.timeout })
    }

    async fn post(&self, signal: Signal, body: Bytes) -> Outcome {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.endpoint.clone();
        *request.headers_mut() = self.headers.clone();
        let response = match self.client.request(request).await {
            Ok(response) => response,
            Err(error) => return no_response(&error),
        };
        let (head, body) = response.into_parts();
        let body = match Limited::new(body, MAX_RESPONSE).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let error = format!("the response has more than {MAX_RESPONSE} bytes");
                return Outcome::Refused { reason: DropReason::Rejected, error };
            }
            Err(error) => return no_response(error.as_ref()),
        };
        match head.status {
            status if status.is_success() && self.json => answer::json(signal, &body),
            status if status.is_success() => answer::protobuf(signal, &body),
            // The only statuses OTLP lets a client try again after.
            status @ (StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT) => Outcome::Failed {
                reason: DropReason::Unavailable,
                after: answer::retry_after(&head.headers, SystemTime::now()),
                error: describe(status, &body),
            },
            status @ StatusCode::PAYLOAD_TOO_LARGE => {
                Outcome::Refused { reason: DropReason::TooLarge, error: describe(status, &body) }
            }
            status => Outcome::Refused { reason: DropReason::Rejected, error: describe(status, &body) },
        }
    }
}

impl Exporter for HttpPost {
    fn encode(&self, mut batch: Batch) -> Batch {
        if self.json {
            batch.body = json::encode(&batch).into();
        }
        if self.gzip {
            batch.body = gzip(&batch.body).into();
        }
        batch
    }

    fn export(&self, batch: &Batch) -> Sending<'_> {
        let post = self.post(batch.signal, batch.body.clone());
        Box::pin(within(self.timeout, post))
    }
}

fn describe(status: StatusCode, body: &[u8]) -> String {
    match answer::error_message(body) {
        message if message.is_empty() => status.to_string(),
        message => format!("{status}: {message}"),
    }
}
