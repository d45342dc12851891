//! The examples are right.
use underspan_config::{Config, Ports};

const FULL: &str = include_str!("../../examples/underspan.yaml");
const MINIMAL: &str = include_str!("../../examples/minimal.yaml");

#[test]
fn the_full_example_shows_the_defaults() {
    let config = Config::parse(FULL, &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.select.len(), 3);
    assert_eq!(config.exclude.len(), 1);
    assert_eq!(config.services[0].attributes["deployment.environment.name"], "production");
    assert_eq!(config.probes.len(), 3);
    let rest = Config {
        select: Vec::new(),
        exclude: Vec::new(),
        services: Vec::new(),
        probes: Vec::new(),
        ..config
    };
    assert_eq!(rest, Config::default());
}

#[test]
fn the_full_example_has_every_key() {
    fn keys(schema: &serde_json::Value, found: &mut Vec<String>) {
        if let Some(properties) = schema.get("properties").and_then(|value| value.as_object()) {
            found.extend(properties.keys().cloned());
        }
        for child in schema.as_object().into_iter().flat_map(|object| object.values()) {
            keys(child, found);
        }
    }
    let mut found = Vec::new();
    keys(&Config::schema(), &mut found);
    assert!(found.len() > 50, "the schema names the keys: {found:?}");
    found.retain(|key| !FULL.contains(&format!("{key}:")));
    assert_eq!(found, Vec::<String>::new(), "keys missing in examples/underspan.yaml");
}

#[test]
fn the_minimal_example_selects_a_port() {
    let config = Config::parse(MINIMAL, &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(config.select[0].port, Ports::parse("8080"));
    assert_eq!(Config { select: Vec::new(), ..config }, Config::default());
}
