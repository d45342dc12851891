//! The variables as the specification describes them, one row each.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use super::*;

fn read(variables: &[(&str, &str)]) -> (Settings, Vec<String>) {
    with(&Options::default(), variables)
}

fn with(options: &Options, variables: &[(&str, &str)]) -> (Settings, Vec<String>) {
    let lookup = |name: &str| {
        let name = name.strip_prefix(PREFIX).unwrap();
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    let (settings, warnings) = settings(options, lookup).unwrap();
    (settings, warnings.into_iter().map(|warning| warning.variable.replace(PREFIX, "")).collect())
}

/// Variables, and the endpoints they give for traces and metrics.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);

#[test]
fn endpoints() {
    let rows: &[Row] = &[
        (&[], "http://localhost:4318/v1/traces", "http://localhost:4318/v1/metrics"),
        (&[("ENDPOINT", "")], "http://localhost:4318/v1/traces", "http://localhost:4318/v1/metrics"),
        (
            &[("ENDPOINT", "http://collector:4318")],
            "http://collector:4318/v1/traces",
            "http://collector:4318/v1/metrics",
        ),
        (
            &[("ENDPOINT", "http://collector:4318/mycollector/")],
            "http://collector:4318/mycollector/v1/traces",
            "http://collector:4318/mycollector/v1/metrics",
        ),
        (
            &[("ENDPOINT", "http://collector:4318/mycollector")],
            "http://collector:4318/mycollector/v1/traces",
            "http://collector:4318/mycollector/v1/metrics",
        ),
        (
            &[("ENDPOINT", "http://a"), ("TRACES_ENDPOINT", "http://collector:4318")],
            "http://collector:4318/",
            "http://a/v1/metrics",
        ),
        (
            &[("METRICS_ENDPOINT", "https://h/v1/metrics")],
            "http://localhost:4318/v1/traces",
            "https://h/v1/metrics",
        ),
        (
            &[("TRACES_ENDPOINT", "http://a/x?tenant=1")],
            "http://a/x?tenant=1",
            "http://localhost:4318/v1/metrics",
        ),
        (&[("PROTOCOL", "grpc")], "http://localhost:4317/", "http://localhost:4317/"),
        (
            &[("PROTOCOL", "grpc"), ("ENDPOINT", "collector:4317")],
            "https://collector:4317/",
            "https://collector:4317/",
        ),
        (
            &[("PROTOCOL", "grpc"), ("ENDPOINT", "collector:4317"), ("INSECURE", "TRUE")],
            "http://collector:4317/",
            "http://collector:4317/",
        ),
        (
            &[("PROTOCOL", "grpc"), ("ENDPOINT", "https://collector:4317"), ("INSECURE", "true")],
            "https://collector:4317/",
            "https://collector:4317/",
        ),
        (
            &[
                ("METRICS_PROTOCOL", "grpc"),
                ("METRICS_INSECURE", "true"),
                ("METRICS_ENDPOINT", "m:1"),
                ("ENDPOINT", "http://a"),
            ],
            "http://a/v1/traces",
            "http://m:1/",
        ),
        (&[("ENDPOINT", "http://[::1]:4318")], "http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/metrics"),
    ];
    for (variables, traces, metrics) in rows {
        let (settings, warnings) = read(variables);
        assert_eq!(settings.traces.endpoint.to_string(), *traces, "{variables:?}");
        assert_eq!(settings.metrics.endpoint.to_string(), *metrics, "{variables:?}");
        assert!(warnings.is_empty(), "{variables:?}: {warnings:?}");
    }
}

#[test]
fn a_value_that_cannot_be_understood_is_reported_once_and_ignored() {
    for (variable, value) in [
        ("ENDPOINT", "not a url"),
        ("ENDPOINT", "collector:4318"),
        ("ENDPOINT", "ftp://collector"),
        ("ENDPOINT", "/v1/traces"),
        ("TRACES_ENDPOINT", "http://"),
        ("PROTOCOL", "http"),
        ("TIMEOUT", "10s"),
        ("TIMEOUT", "-1"),
        ("COMPRESSION", "zstd"),
        ("HEADERS", "novalue"),
        ("HEADERS", "a=%zz"),
        ("HEADERS", "a b=c"),
        ("HEADERS", "a=%0a"),
        ("INSECURE", "1"),
    ] {
        let (settings, warnings) = read(&[(variable, value)]);
        assert_eq!(warnings, [variable], "{variable}={value}");
        let default = read(&[]).0;
        assert_eq!(format!("{settings:?}"), format!("{default:?}"), "{variable}={value}");
    }
    let (settings, warnings) = read(&[("ENDPOINT", "http://a"), ("TRACES_ENDPOINT", "nonsense:/")]);
    assert_eq!(settings.traces.endpoint.to_string(), "http://a/v1/traces", "falls back to the general one");
    assert_eq!(warnings, ["TRACES_ENDPOINT"]);
}

#[test]
fn headers_are_decoded_merged_and_hidden() {
    let (settings, warnings) = read(&[
        ("HEADERS", "Authorization=Bearer%20s3cret , x-tenant = one,"),
        ("TRACES_HEADERS", "x-tenant=two,empty="),
    ]);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(settings.traces.headers["authorization"], "Bearer s3cret");
    assert_eq!(settings.traces.headers["x-tenant"], "two");
    assert_eq!(settings.traces.headers["empty"], "");
    assert_eq!(settings.metrics.headers["x-tenant"], "one");
    assert!(!format!("{settings:?}").contains("s3cret"));

    let options = Options { headers: vec![("X-Tenant".into(), "three".into())], ..Options::default() };
    let (settings, _) = with(&options, &[("TRACES_HEADERS", "x-tenant=two,a=b%2Cc")]);
    assert_eq!(settings.traces.headers["x-tenant"], "three");
    assert_eq!(settings.traces.headers["a"], "b,c");
}

#[test]
fn the_rest() {
    let (settings, _) = read(&[]);
    assert_eq!(settings.traces.compression, Compression::Gzip);
    assert_eq!(settings.traces.timeout, Some(Duration::from_secs(10)));
    assert_eq!(settings.traces.protocol, Protocol::HttpProtobuf);

    let (settings, warnings) = read(&[
        ("COMPRESSION", "none"),
        ("METRICS_COMPRESSION", "gzip"),
        ("TIMEOUT", "2500"),
        ("METRICS_TIMEOUT", "0"),
        ("METRICS_PROTOCOL", "http/json"),
        ("CERTIFICATE", "/ca.pem"),
        ("TRACES_CERTIFICATE", "/traces.pem"),
        ("CLIENT_KEY", "/key.pem"),
        ("CLIENT_CERTIFICATE", "/client.pem"),
    ]);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(settings.traces.compression, Compression::None);
    assert_eq!(settings.metrics.compression, Compression::Gzip);
    assert_eq!(settings.traces.timeout, Some(Duration::from_millis(2500)));
    assert_eq!(settings.metrics.timeout, None, "0 is no limit");
    assert_eq!(settings.metrics.protocol, Protocol::HttpJson);
    assert_eq!(settings.traces.tls.certificate, Some("/traces.pem".into()));
    assert_eq!(settings.metrics.tls.certificate, Some("/ca.pem".into()));
    assert_eq!(settings.metrics.tls.client_key, Some("/key.pem".into()));
    assert_eq!(settings.traces.tls.client_certificate, Some("/client.pem".into()));
}

#[test]
fn the_configuration_wins() {
    let options = Options {
        endpoint: Some("http://configured:1".into()),
        protocol: Some(Protocol::HttpProtobuf),
        timeout: Some(Duration::from_secs(1)),
        compression: Some(Compression::None),
        ..Options::default()
    };
    let (settings, _) = with(
        &options,
        &[("TRACES_ENDPOINT", "http://b"), ("PROTOCOL", "grpc"), ("TIMEOUT", "5"), ("COMPRESSION", "gzip")],
    );
    assert_eq!(settings.traces.endpoint.to_string(), "http://configured:1/v1/traces");
    assert_eq!(settings.traces.timeout, Some(Duration::from_secs(1)));
    assert_eq!(settings.traces.compression, Compression::None);

    for endpoint in ["configured", "ftp://configured", ""] {
        let options = Options { endpoint: Some(endpoint.into()), ..Options::default() };
        assert!(super::settings(&options, |_| None).is_err(), "{endpoint}");
    }
    let options = Options { headers: vec![("a b".into(), "c".into())], ..Options::default() };
    assert!(super::settings(&options, |_| None).is_err());
}

#[test]
fn preferences_for_metrics() {
    use crate::signals::metrics::{Shape, Temporality};
    for (name, value, expected) in [
        ("TEMPORALITY_PREFERENCE", "Delta", (Some(Temporality::Delta), None)),
        ("TEMPORALITY_PREFERENCE", "lowmemory", (Some(Temporality::LowMemory), None)),
        ("TEMPORALITY_PREFERENCE", "cumulative", (Some(Temporality::Cumulative), None)),
        ("TEMPORALITY_PREFERENCE", "sometimes", (None, None)),
        ("DEFAULT_HISTOGRAM_AGGREGATION", "explicit_bucket_histogram", (None, Some(Shape::Explicit))),
        (
            "DEFAULT_HISTOGRAM_AGGREGATION",
            "BASE2_EXPONENTIAL_BUCKET_HISTOGRAM",
            (None, Some(Shape::Exponential)),
        ),
        ("DEFAULT_HISTOGRAM_AGGREGATION", "base3", (None, None)),
    ] {
        let variable = format!("{PREFIX}METRICS_{name}");
        let lookup = |asked: &str| (asked == variable).then(|| value.to_owned());
        let (Preferences { temporality, histogram }, warnings) = preferences(lookup);
        assert_eq!((temporality, histogram), expected, "{value}");
        assert_eq!(warnings.len(), usize::from(expected == (None, None)), "{value}");
    }
}
