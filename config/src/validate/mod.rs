//! What types cannot say: bounds, and keys that must agree.
mod probes;

use globset::Glob;

use crate::{Config, Rule, ServiceRule, Size, export::Stdout, signals::Sampler};

/// A rule that is broken.
pub(crate) struct Finding {
    /// The keys it rests on; the first one is blamed.
    pub(crate) paths: Vec<String>,
    /// What is wrong and what would be right.
    pub(crate) what: String,
}

/// Every broken rule.
pub(crate) fn findings(config: &Config) -> Vec<Finding> {
    let mut check = Check { findings: Vec::new() };
    for (list, rules) in [("select", &config.select), ("exclude", &config.exclude)] {
        for (index, rule) in rules.iter().enumerate() {
            check_rule(&mut check, &format!("{list}[{index}]"), rule);
        }
    }
    for (index, rule) in config.services.iter().enumerate() {
        check_service(&mut check, &format!("services[{index}]"), rule);
    }
    check_capture(&mut check, config);
    check_budget(&mut check, config);
    probes::check(&mut check, &config.probes);
    check_routes(&mut check, config);
    check_signals(&mut check, config);
    check_export(&mut check, config);
    check.that(config.nice <= 19, &["nice"], || {
        format!("expected a number from 0 to 19, found {}", config.nice)
    });
    check_admin(&mut check, config);
    check.findings
}

struct Check {
    findings: Vec<Finding>,
}

impl Check {
    /// Notes `what` about the first of `paths` unless `holds`.
    fn that(&mut self, holds: bool, paths: &[&str], what: impl FnOnce() -> String) {
        if !holds {
            let paths = paths.iter().map(|path| (*path).to_owned()).collect();
            self.findings.push(Finding { paths, what: what() });
        }
    }

    fn between(&mut self, path: &str, value: Size, least: u64, most: u64) {
        let (least, most) = (Size(least), Size(most));
        self.that((least..=most).contains(&value), &[path], || {
            format!("expected a size from {least} to {most}, found {value}")
        });
    }

    fn positive(&mut self, path: &str, value: u128) {
        self.that(value > 0, &[path], || "must be more than 0".to_owned());
    }
}

fn check_rule(check: &mut Check, path: &str, rule: &Rule) {
    let empty = rule.pid.is_none() && rule.exe.is_none() && rule.port.is_none() && rule.cgroup.is_none();
    // A field that was wrong is reported already, and rests on nothing else than the rule.
    check.that(
        !empty,
        &[
            path,
            &format!("{path}.pid"),
            &format!("{path}.exe"),
            &format!("{path}.port"),
            &format!("{path}.cgroup"),
        ],
        || "a rule needs at least one of \"pid\", \"exe\", \"port\" or \"cgroup\"".to_owned(),
    );
    check.that(rule.pid != Some(0), &[&format!("{path}.pid")], || "process ids begin at 1".to_owned());
    check_places(check, path, rule.exe.as_deref(), rule.cgroup.as_deref());
}

fn check_service(check: &mut Check, path: &str, rule: &ServiceRule) {
    let [exe, port, cgroup] = ["exe", "port", "cgroup"].map(|key| format!("{path}.{key}"));
    let selects = rule.exe.is_some() || rule.port.is_some() || rule.cgroup.is_some();
    check.that(selects, &[path, &exe, &port, &cgroup], || {
        "a service rule needs at least one of \"exe\", \"port\" or \"cgroup\"".to_owned()
    });
    let [name, namespace, attributes] =
        ["name", "namespace", "attributes"].map(|key| format!("{path}.{key}"));
    let says = rule.name.is_some() || rule.namespace.is_some() || !rule.attributes.is_empty();
    check.that(says, &[path, &name, &namespace, &attributes], || {
        "a service rule needs at least one of \"name\", \"namespace\" or \"attributes\"".to_owned()
    });
    check.that(rule.name.as_deref() != Some(""), &[&name], || "must not be empty".to_owned());
    for (own, key) in [("service.name", "name"), ("service.namespace", "namespace")] {
        check.that(!rule.attributes.contains_key(own), &[&format!("{attributes}.{own}")], || {
            format!("is set by the rule's \"{key}\"")
        });
    }
    check_places(check, path, rule.exe.as_deref(), rule.cgroup.as_deref());
}

fn check_places(check: &mut Check, path: &str, exe: Option<&str>, cgroup: Option<&str>) {
    if let Some(exe) = exe {
        let glob = Glob::new(exe);
        check.that(!exe.is_empty() && glob.is_ok(), &[&format!("{path}.exe")], || {
            let reason = glob.err().map_or("it is empty".to_owned(), |error| error.kind().to_string());
            format!("{exe:?} is not a glob: {reason}")
        });
    }
    if let Some(cgroup) = cgroup {
        check.that(cgroup.starts_with('/'), &[&format!("{path}.cgroup")], || {
            format!("expected a path from the root such as /system.slice, found {cgroup:?}")
        });
    }
}

fn check_capture(check: &mut Check, config: &Config) {
    let capture = &config.capture;
    check.between("capture.ring_buffer", capture.ring_buffer, 64 << 10, 1 << 30);
    check.that(capture.ring_buffer.0.is_power_of_two(), &["capture.ring_buffer"], || {
        format!("the kernel wants a power of two, found {}", capture.ring_buffer)
    });
    check.between("capture.request_budget", capture.request_budget, 64, 16 << 10);
    check.between("capture.response_budget", capture.response_budget, 64, 16 << 10);
    check.positive("capture.max_targets", capture.max_targets.into());
    check.positive("capture.max_connections", capture.max_connections.into());
    check.between("http.max_value", config.http.max_value, 16, 64 << 10);
    check.that(!config.http.known_methods.is_empty(), &["http.known_methods"], || {
        "at least one method must be known".to_owned()
    });
    for (index, method) in config.http.known_methods.iter().enumerate() {
        check.that(is_token(method), &[&format!("http.known_methods[{index}]")], || {
            format!("{method:?} cannot be a method")
        });
    }
}

fn check_budget(check: &mut Check, config: &Config) {
    let budget = &config.budget;
    check.positive("budget.initial_pause", budget.initial_pause.0.as_millis());
    let pauses = ["budget.max_pause", "budget.initial_pause"];
    check.that(budget.max_pause >= budget.initial_pause, &pauses, || {
        format!("must be at least \"initial_pause\" ({}), found {}", budget.initial_pause, budget.max_pause)
    });
}

fn check_routes(check: &mut Check, config: &Config) {
    let routes = &config.routes;
    check.positive("routes.max_per_service", routes.max_per_service.into());
    let needs_patterns = routes.mode == crate::RouteMode::Patterns;
    check.that(!needs_patterns || !routes.patterns.is_empty(), &["routes.mode", "routes.patterns"], || {
        "mode \"patterns\" needs at least one pattern in \"patterns\"".to_owned()
    });
    for (index, pattern) in routes.patterns.iter().enumerate() {
        check.that(pattern.starts_with('/'), &[&format!("routes.patterns[{index}]")], || {
            format!("expected a pattern such as /users/{{id}}, found {pattern:?}")
        });
    }
}

fn check_signals(check: &mut Check, config: &Config) {
    let (traces, metrics) = (&config.traces, &config.metrics);
    check.that((0.0..=1.0).contains(&traces.ratio), &["traces.ratio"], || {
        format!("expected a number from 0 to 1, found {}", traces.ratio)
    });
    let idle = traces.ratio < 1.0 && traces.sampler != Sampler::AlwaysOff && !traces.sampler.uses_ratio();
    check.that(!idle, &["traces.ratio", "traces.sampler"], || {
        "has no effect: only the samplers \"traceidratio\" and \"parentbased_traceidratio\" use it".to_owned()
    });
    check.positive("traces.batch_size", traces.batch_size.into());
    check.that(
        traces.batch_size <= traces.max_queue_size,
        &["traces.max_queue_size", "traces.batch_size"],
        || {
            format!(
                "must be at least \"batch_size\" ({}), found {}",
                traces.batch_size, traces.max_queue_size
            )
        },
    );
    check.positive("traces.schedule_delay", traces.schedule_delay.0.as_millis());
    check.positive("metrics.interval", metrics.interval.0.as_millis());
    check.positive("metrics.max_series", metrics.max_series.into());
    check.that(metrics.ttl >= metrics.interval, &["metrics.ttl", "metrics.interval"], || {
        format!("must be at least \"interval\" ({}), found {}", metrics.interval, metrics.ttl)
    });
}

fn check_export(check: &mut Check, config: &Config) {
    let otlp = &config.export.otlp;
    let leaves = otlp.enabled || config.export.stdout != Stdout::None;
    check.that(leaves, &["export", "export.otlp.enabled", "export.stdout"], || {
        "nothing would leave the agent: \"otlp.enabled\" is false and \"stdout\" is none".to_owned()
    });
    if let Some(endpoint) = &otlp.endpoint {
        let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
        let known = ["http", "https"].contains(&scheme)
            || (scheme.is_empty() && otlp.protocol == Some(crate::Protocol::Grpc));
        let sound =
            known && !rest.is_empty() && !endpoint.contains(|c: char| c.is_whitespace() || c.is_control());
        check.that(sound, &["export.otlp.endpoint", "export.otlp.protocol"], || {
            format!("expected a URL such as http://localhost:4318, found {endpoint:?}")
        });
    }
    for (name, value) in &otlp.headers {
        let path = format!("export.otlp.headers.{name}");
        check.that(is_token(name), &[&path], || "cannot be the name of a header".to_owned());
        // The value may be a secret and is not shown.
        let visible = !value.contains(|c: char| c.is_control() && c != '\t');
        check.that(visible, &[&path], || "its value has control characters".to_owned());
    }
    if let Some(timeout) = otlp.timeout {
        check.positive("export.otlp.timeout", timeout.0.as_millis());
    }
    let pair = ["export.otlp.client_certificate", "export.otlp.client_key"];
    check.that(otlp.client_key.is_none() || otlp.client_certificate.is_some(), &[pair[1], pair[0]], || {
        "needs \"client_certificate\" too".to_owned()
    });
    check.that(otlp.client_certificate.is_none() || otlp.client_key.is_some(), &pair, || {
        "needs \"client_key\" too".to_owned()
    });
    check.positive("export.otlp.retry.initial_interval", otlp.retry.initial_interval.0.as_millis());
    let intervals = ["export.otlp.retry.max_interval", "export.otlp.retry.initial_interval"];
    check.that(otlp.retry.max_interval >= otlp.retry.initial_interval, &intervals, || {
        format!("must be at least \"initial_interval\" ({})", otlp.retry.initial_interval)
    });
    check.between("export.otlp.queue", otlp.queue, 64 << 10, 1 << 30);
}

fn check_admin(check: &mut Check, config: &Config) {
    let admin = &config.admin;
    if let Some(file) = &admin.kill_switch {
        // The agent's directory is nothing an operator who must stop it can be expected to know.
        check.that(file.is_absolute(), &["admin.kill_switch"], || {
            format!("expected a path from the root such as /run/underspan/detach, found {}", file.display())
        });
    }
    if let Some(file) = &admin.audit_log {
        check.that(!file.as_os_str().is_empty(), &["admin.audit_log"], || "must not be empty".to_owned());
    }
    if let Some(limit) = admin.time_limit {
        check.positive("admin.time_limit", limit.0.as_millis());
    }
}

/// Whether `text` is a token of HTTP (RFC 9110, section 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
