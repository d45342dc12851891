//! What the operator said -> what each stage wants to hear.

use std::env;
use std::path::Path;
use std::time::Duration;

use underspan_config::{
    Compression, Config, Histogram, Listen, Postgresql, Protocol, Query, RouteMode, Runtimes,
    Sampler as SamplerName, Stdout, Temporality, Tier,
};
use underspan_ebpf::Settings as TracerSettings;
use underspan_protocols::decoder::{Options, QueryPolicy};

use super::StartError;
use super::budget::Limits as BudgetLimits;
use crate::attach::framing;
use crate::discover::scan::own_processes;
use crate::discover::table::Limits as TableLimits;
use crate::discover::{Host, Identifier, ProcFs, ProcessTable, Selectors};
use crate::export::{self, Limits, otlp, retry, stdout};
use crate::runtimes::Detail;
use crate::signals::route::{InvalidPattern, Pattern};
use crate::signals::sampler::Sampler;
use crate::signals::{metrics, route};
use crate::telemetry::admin;

/// The BPF programs stop by themselves this long after the agent's last sign of life.
const DEADLINE: Duration = Duration::from_secs(5);

pub(super) fn tracer(config: &Config) -> TracerSettings {
    let small = |size: u64| u32::try_from(size).unwrap_or(u32::MAX);
    TracerSettings {
        ring_bytes: small(config.capture.ring_buffer.0),
        max_targets: config.capture.max_targets,
        request_budget: small(config.capture.request_budget.0),
        response_budget: small(config.capture.response_budget.0),
        announce_execs: config.select.iter().any(|rule| rule.pid.is_none()),
        deadline: DEADLINE,
        uprobes_by_event: false,
        as_newest: false,
        payload: payload(config.capture.tier).iter().map(|&name| name.to_owned()).collect(),
        framings: framing::all(),
    }
}

/// The probes of a tier, by name; none for any.
fn payload(tier: Tier) -> &'static [&'static str] {
    match tier {
        Tier::Auto => &[],
        Tier::T1 => &["socket_trampolines"],
        Tier::T2 => &["socket_kprobes", "socket_kprobes_tcp"],
        Tier::T3 => &["socket_tracepoints"],
        Tier::T3Syscalls => &["socket_syscalls"],
    }
}

pub(super) fn budget(config: &Config) -> BudgetLimits {
    let budget = &config.budget;
    BudgetLimits {
        target: budget.target.cpus(),
        host: budget.host.cpus(),
        initial_pause: budget.initial_pause.0,
        max_pause: budget.max_pause.0,
    }
}

pub(super) fn decoding(config: &Config) -> Options {
    Options {
        http_known_methods: config.http.known_methods.clone(),
        query: match &config.http.query {
            Query::RedactValues => QueryPolicy::RedactValues,
            Query::RedactKeys(keys) => QueryPolicy::RedactKeys(keys.clone()),
            Query::Drop => QueryPolicy::Drop,
        },
        // Set for the connections that are.
        tls: false,
        max_value: usize::try_from(config.http.max_value.0).unwrap_or(usize::MAX),
    }
}

pub(super) fn sampler(config: &Config) -> Sampler {
    let ratio = config.traces.ratio;
    match config.traces.sampler {
        SamplerName::AlwaysOn => Sampler::always_on(false),
        SamplerName::AlwaysOff => Sampler::always_off(false),
        SamplerName::TraceIdRatio => Sampler::ratio(ratio, false),
        SamplerName::ParentBasedAlwaysOn => Sampler::always_on(true),
        SamplerName::ParentBasedAlwaysOff => Sampler::always_off(true),
        SamplerName::ParentBasedTraceIdRatio => Sampler::ratio(ratio, true),
    }
}

pub(super) fn routes(config: &Config) -> Result<route::Settings, InvalidPattern> {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(route::Settings {
        mode: match config.routes.mode {
            RouteMode::Heuristic => route::Mode::Heuristic,
            RouteMode::Patterns => route::Mode::PatternsOnly,
            RouteMode::None => route::Mode::None,
        },
        patterns: config.routes.patterns.iter().map(|text| Pattern::parse(text)).collect::<Result<_, _>>()?,
        max_routes: count(config.routes.max_per_service),
        ..route::Settings::default()
    })
}

pub(super) fn metrics(config: &Config) -> metrics::Settings {
    let (preferred, warnings) = otlp::env::preferences(|name| env::var(name).ok());
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let temporality = config.metrics.temporality.map(|temporality| match temporality {
        Temporality::Cumulative => metrics::Temporality::Cumulative,
        Temporality::Delta => metrics::Temporality::Delta,
        Temporality::LowMemory => metrics::Temporality::LowMemory,
    });
    let histogram = config.metrics.histogram.map(|histogram| match histogram {
        Histogram::Explicit => metrics::Shape::Explicit,
        Histogram::Exponential => metrics::Shape::Exponential,
    });
    metrics::Settings {
        temporality: temporality.or(preferred.temporality).unwrap_or(metrics::Temporality::Cumulative),
        histogram: histogram.or(preferred.histogram).unwrap_or(metrics::Shape::Explicit),
        max_series: usize::try_from(config.metrics.max_series).unwrap_or(usize::MAX),
        ttl: config.metrics.ttl.0,
        body_size: config.metrics.body_size,
        ..metrics::Settings::default()
    }
}

/// How much is wanted of a runtime, by its name.
pub(super) fn detail(config: &Config, runtime: &str) -> Detail {
    let Runtimes { jvm, cpython, go, postgresql } = &config.runtimes;
    let on = |on: bool| if on { Detail::Full } else { Detail::Off };
    match runtime {
        "jvm" => on(*jvm),
        "cpython" => on(*cpython),
        "go" => on(*go),
        "postgresql" => match postgresql {
            Postgresql::Off => Detail::Off,
            Postgresql::Brief => Detail::Brief,
            Postgresql::Full => Detail::Full,
        },
        _ => Detail::Off,
    }
}

pub(super) fn table(config: &Config) -> Result<ProcessTable, StartError> {
    let proc = ProcFs::host();
    let host = Host::read(Path::new("/"), &proc);
    let selectors = Selectors::new(&config.select, &config.exclude)?;
    let identifier = Identifier::new(host, &config.services)?;
    let ignored = own_processes(&proc, std::process::id());
    Ok(ProcessTable::new(proc, selectors, identifier, ignored, TableLimits::default()))
}

pub(super) fn admin(config: &Config) -> admin::Settings {
    let listen = match config.admin.listen {
        Listen::Off => None,
        Listen::At(address) => Some(address),
    };
    admin::Settings { listen, kill_switch: config.admin.kill_switch.clone() }
}

pub(super) fn export(config: &Config) -> Result<export::Settings, StartError> {
    let otlp = config.export.otlp.enabled.then(|| otlp_settings(config)).transpose()?;
    let form = match config.export.stdout {
        Stdout::Text => Some(stdout::Form::text()),
        Stdout::Json => Some(stdout::Form::Json),
        Stdout::None => None,
    };
    Ok(export::Settings { otlp, stdout: form.map(stdout::Settings::new) })
}

fn otlp_settings(config: &Config) -> Result<otlp::Settings, StartError> {
    let said = &config.export.otlp;
    let options = otlp::env::Options {
        endpoint: said.endpoint.clone(),
        protocol: said.protocol.map(|protocol| match protocol {
            Protocol::Grpc => otlp::Protocol::Grpc,
            Protocol::HttpProtobuf => otlp::Protocol::HttpProtobuf,
        }),
        headers: said.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        compression: said.compression.map(|compression| match compression {
            Compression::Gzip => otlp::Compression::Gzip,
            Compression::None => otlp::Compression::None,
        }),
        timeout: said.timeout.map(|timeout| timeout.0),
        certificate: said.certificate.clone(),
        client_key: said.client_key.clone(),
        client_certificate: said.client_certificate.clone(),
        insecure: said.insecure,
        retry: retry::Settings {
            initial_interval: said.retry.initial_interval.0,
            max_interval: said.retry.max_interval.0,
            max_elapsed_time: said.retry.max_elapsed_time.0,
        },
        queue: Limits {
            items: u64::from(config.traces.max_queue_size),
            bytes: usize::try_from(said.queue.0).unwrap_or(usize::MAX),
        },
    };
    let (settings, warnings) = otlp::env::settings(&options, |name| env::var(name).ok())?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(settings)
}
