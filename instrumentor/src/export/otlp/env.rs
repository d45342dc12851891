//! Configuration and `OTEL_EXPORTER_OTLP_*` -> settings.
//!
//! What the configuration says wins; then the variable of the signal; then the general one; then the default.
//! A value that cannot be understood is reported and ignored, as the specification asks. Empty is the same as
//! unset.
use std::{fmt, path::PathBuf, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Uri, uri::Scheme};

mod metrics;
#[cfg(test)]
mod tests;

pub use metrics::{Preferences, preferences};

use super::{Compression, Protocol, Settings, Target, Tls};
use crate::export::{Error, Limits, Signal, retry};

const PREFIX: &str = "OTEL_EXPORTER_OTLP_";
/// The specification's.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Enough to fill the line to a receiver 50 ms away at 10,000 spans a second.
const DEFAULT_CONCURRENCY: usize = 2;

/// What the configuration says about OTLP; `None` leaves it to the environment.
#[derive(Clone, Default)]
pub struct Options {
    /// Base URL for both signals.
    pub endpoint: Option<String>,
    /// Transport and encoding.
    pub protocol: Option<Protocol>,
    /// Headers of each request; they replace those of the environment by name.
    pub headers: Vec<(String, String)>,
    /// Of request bodies.
    pub compression: Option<Compression>,
    /// For one request.
    pub timeout: Option<Duration>,
    /// PEM file of certificate authorities.
    pub certificate: Option<PathBuf>,
    /// PEM file of the client's private key.
    pub client_key: Option<PathBuf>,
    /// PEM file of the client's certificates.
    pub client_certificate: Option<PathBuf>,
    /// Whether a gRPC endpoint without scheme is plaintext.
    pub insecure: Option<bool>,
    /// When a batch is sent again.
    pub retry: retry::Settings,
    /// What may wait, per signal.
    pub queue: Limits,
}

/// A variable whose value was ignored, or read otherwise than it may have been meant. Values are not shown:
/// some are secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Name of the variable.
    pub variable: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.problem)
    }
}

/// Settings of both signals. `lookup` reads the environment.
pub fn settings(
    options: &Options,
    lookup: impl Fn(&str) -> Option<String>,
) -> Result<(Settings, Vec<Warning>), Error> {
    let mut reader = Reader { lookup, warnings: Vec::new() };
    let settings = Settings {
        traces: target(options, &mut reader, Signal::Traces)?,
        metrics: target(options, &mut reader, Signal::Metrics)?,
        retry: options.retry,
        queue: options.queue,
        concurrency: DEFAULT_CONCURRENCY,
    };
    Ok((settings, reader.warnings))
}

fn target<L: Lookup>(options: &Options, reader: &mut Reader<L>, signal: Signal) -> Result<Target, Error> {
    let protocol = options.protocol.or_else(|| reader.read(signal, "PROTOCOL", parse_protocol));
    let protocol = protocol.unwrap_or(Protocol::HttpProtobuf);
    let insecure = options.insecure.or_else(|| reader.read(signal, "INSECURE", parse_boolean));
    let base = Base { protocol, insecure: insecure.unwrap_or(false), signal };
    let compression = options.compression.or_else(|| reader.read(signal, "COMPRESSION", parse_compression));
    let timeout = options.timeout.map(Some).or_else(|| reader.read(signal, "TIMEOUT", parse_timeout));
    let mut file = |option: &Option<PathBuf>, name| {
        option.clone().or_else(|| reader.read(signal, name, |value| Ok(PathBuf::from(value).into())))
    };
    let tls = Tls {
        certificate: file(&options.certificate, "CERTIFICATE"),
        client_key: file(&options.client_key, "CLIENT_KEY"),
        client_certificate: file(&options.client_certificate, "CLIENT_CERTIFICATE"),
    };
    Ok(Target {
        endpoint: endpoint(options, reader, &base)?,
        protocol,
        headers: headers(options, reader, signal)?,
        compression: compression.unwrap_or(Compression::Gzip),
        timeout: timeout.unwrap_or(Some(DEFAULT_TIMEOUT)),
        tls,
    })
}

/// What an endpoint's meaning depends on.
struct Base {
    protocol: Protocol,
    insecure: bool,
    signal: Signal,
}

fn endpoint<L: Lookup>(options: &Options, reader: &mut Reader<L>, base: &Base) -> Result<Uri, Error> {
    if let Some(text) = &options.endpoint {
        return base
            .url(text, true)
            .map_err(|problem| Error::Endpoint { endpoint: text.clone(), problem: problem.to_owned() });
    }
    let exact =
        reader.one(&variable(Some(base.signal), "ENDPOINT"), |text| Ok(base.url(text, false)?.into()));
    let general =
        exact.or_else(|| reader.one(&variable(None, "ENDPOINT"), |text| Ok(base.url(text, true)?.into())));
    let default = || {
        let text =
            if base.protocol == Protocol::Grpc { "http://localhost:4317" } else { "http://localhost:4318" };
        base.url(text, true).expect("the defaults are valid")
    };
    Ok(general.unwrap_or_else(default))
}

impl Base {
    /// Completes an endpoint. To the general one over HTTP the signal's path is appended; the signal's own is
    /// used as it is.
    fn url(&self, text: &str, general: bool) -> Result<Uri, &'static str> {
        let mut parts = text.parse::<Uri>().map_err(|_| "not a URL")?.into_parts();
        if parts.authority.is_none() {
            return Err("no host in it");
        }
        let path =
            parts.path_and_query.as_ref().map_or("/", |path| path.path()).trim_end_matches('/').to_owned();
        if self.protocol == Protocol::Grpc {
            let plain = if self.insecure { Scheme::HTTP } else { Scheme::HTTPS };
            parts.scheme.get_or_insert(plain);
            parts.path_and_query = Some("/".parse().expect("a path"));
        } else if general {
            let name = if self.signal == Signal::Traces { "traces" } else { "metrics" };
            parts.path_and_query = Some(format!("{path}/v1/{name}").parse().map_err(|_| "not a URL")?);
        }
        match parts.scheme.as_ref().map(Scheme::as_str) {
            Some("http" | "https") => Uri::from_parts(parts).map_err(|_| "not a URL"),
            Some(_) => Err("its scheme is neither http nor https"),
            None => Err("no scheme: it begins with http:// or https://"),
        }
    }
}

/// Headers of the general variable, replaced by those of the signal's, replaced by those of the
/// configuration.
fn headers<L: Lookup>(options: &Options, reader: &mut Reader<L>, signal: Signal) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for name in [variable(None, "HEADERS"), variable(Some(signal), "HEADERS")] {
        let Some(list) = reader.get(&name) else { continue };
        for pair in list.split(',').filter(|pair| !pair.trim().is_empty()) {
            match parse_header(pair) {
                Some((key, value)) => drop(headers.insert(key, value)),
                None => {
                    reader.warn(&name, "a header is not `name=value` with a percent-encoded value; ignored");
                }
            }
        }
    }
    for (name, value) in &options.headers {
        let invalid = || Error::Header { name: name.clone() };
        let key = HeaderName::try_from(name).map_err(|_| invalid())?;
        headers.insert(key, secret(value.as_bytes()).ok_or_else(invalid)?);
    }
    Ok(headers)
}

fn parse_header(pair: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = pair.split_once('=')?;
    let value = percent_decode(value.trim())?;
    Some((HeaderName::try_from(name.trim()).ok()?, secret(&value)?))
}

fn secret(value: &[u8]) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `None` when a `%` is not followed by two hexadecimal digits.
fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high << 4 | low).ok()?
            }
            byte => byte,
        });
    }
    Some(out)
}

/// A value understood, with what should be said about it.
struct Parsed<T> {
    value: T,
    remark: Option<&'static str>,
}

impl<T> From<T> for Parsed<T> {
    fn from(value: T) -> Self {
        Self { value, remark: None }
    }
}

fn parse_protocol(text: &str) -> Result<Parsed<Protocol>, &'static str> {
    match text {
        "grpc" => Ok(Protocol::Grpc.into()),
        "http/protobuf" => Ok(Protocol::HttpProtobuf.into()),
        "http/json" => Ok(Protocol::HttpJson.into()),
        _ => Err("not one of grpc, http/protobuf, http/json; ignored"),
    }
}

fn parse_compression(text: &str) -> Result<Parsed<Compression>, &'static str> {
    match text {
        "gzip" => Ok(Compression::Gzip.into()),
        "none" => Ok(Compression::None.into()),
        _ => Err("not one of gzip, none; ignored"),
    }
}

/// Milliseconds; 0 is no limit.
fn parse_timeout(text: &str) -> Result<Parsed<Option<Duration>>, &'static str> {
    match text.parse() {
        Ok(0) => Ok(None.into()),
        Ok(milliseconds) => Ok(Some(Duration::from_millis(milliseconds)).into()),
        Err(_) => Err("not a number of milliseconds; ignored"),
    }
}

/// Only `true`, in any case, is true.
#[expect(clippy::unnecessary_wraps, reason = "the others can fail")]
fn parse_boolean(text: &str) -> Result<Parsed<bool>, &'static str> {
    if text.eq_ignore_ascii_case("true") {
        return Ok(true.into());
    }
    let remark = (!text.eq_ignore_ascii_case("false")).then_some("neither true nor false; read as false");
    Ok(Parsed { value: false, remark })
}

trait Lookup: Fn(&str) -> Option<String> {}
impl<F: Fn(&str) -> Option<String>> Lookup for F {}

/// Reads variables and keeps what it did not understand.
struct Reader<L> {
    lookup: L,
    warnings: Vec<Warning>,
}

impl<L: Lookup> Reader<L> {
    /// The signal's variable, else the general one.
    fn read<T>(
        &mut self,
        signal: Signal,
        name: &str,
        parse: impl Fn(&str) -> Result<Parsed<T>, &'static str>,
    ) -> Option<T> {
        self.one(&variable(Some(signal), name), &parse).or_else(|| self.one(&variable(None, name), &parse))
    }

    fn one<T>(
        &mut self,
        variable: &str,
        parse: impl Fn(&str) -> Result<Parsed<T>, &'static str>,
    ) -> Option<T> {
        match parse(&self.get(variable)?) {
            Ok(parsed) => {
                if let Some(remark) = parsed.remark {
                    self.warn(variable, remark);
                }
                Some(parsed.value)
            }
            Err(problem) => {
                self.warn(variable, problem);
                None
            }
        }
    }

    fn get(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Once per variable and problem, though the general ones are read for each signal.
    fn warn(&mut self, variable: &str, problem: &str) {
        let warning = Warning { variable: variable.to_owned(), problem: problem.to_owned() };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }
}

fn variable(signal: Option<Signal>, name: &str) -> String {
    let signal = match signal {
        Some(Signal::Traces) => "TRACES_",
        Some(Signal::Metrics) => "METRICS_",
        None => "",
    };
    format!("{PREFIX}{signal}{name}")
}
