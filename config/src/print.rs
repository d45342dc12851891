//! A configuration as YAML, and the schema of all configurations.
use crate::Config;

/// Stands for what must not be printed.
const REDACTED: &str = "REDACTED";

impl Config {
    /// The configuration as YAML with every default written out. Values of headers and credentials in the
    /// endpoint are `REDACTED`.
    ///
    /// # Panics
    /// Never with a configuration that was read from YAML: all of it is UTF-8.
    pub fn to_yaml(&self) -> String {
        let mut shown = self.clone();
        for value in shown.export.otlp.headers.values_mut() {
            REDACTED.clone_into(value);
        }
        if let Some(endpoint) = &mut shown.export.otlp.endpoint {
            *endpoint = without_credentials(endpoint);
        }
        serde_saphyr::to_string(&shown).expect("read from YAML, so YAML can say it")
    }

    /// JSON Schema of the file, for editors.
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Config).into()
    }
}

/// `https://name:secret@host` -> `https://REDACTED@host`.
fn without_credentials(url: &str) -> String {
    let start = url.find("://").map_or(0, |position| position + 3);
    let (scheme, rest) = url.split_at(start);
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..authority].rfind('@') {
        Some(at) => format!("{scheme}{REDACTED}{}", &rest[at..]),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_defaults_are_the_defaults() {
        let yaml = Config::default().to_yaml();
        assert_eq!(Config::parse(&yaml, &|_| None).expect("what was printed"), Config::default(), "{yaml}");
    }

    #[test]
    fn every_kind_of_value_survives_printing() {
        let yaml = "
select: [{ pid: 7 }, { exe: '*', port: 80-90, cgroup: /a }]
services: [{ port: 80, name: 'no', attributes: { service.version: '1.10' } }]
http: { query: { redact_keys: [token] } }
traces: { sampler: traceidratio, ratio: 0.25 }
export: { otlp: { endpoint: 'host:4317', protocol: grpc, timeout: 1500ms, insecure: true } }
";
        let config = Config::parse(yaml, &|_| None).expect("valid");
        assert_eq!(Config::parse(&config.to_yaml(), &|_| None), Ok(config));
    }

    #[test]
    fn secrets_are_not_printed() {
        let yaml = "export: { otlp: { endpoint: 'https://me:pass@host/p@th', headers: { authorization: Bearer s3cret } } }";
        let shown = Config::parse(yaml, &|_| None).expect("valid").to_yaml();
        assert!(!shown.contains("s3cret") && !shown.contains("me:pass"), "{shown}");
        assert!(shown.contains("https://REDACTED@host/p@th") && shown.contains("authorization"), "{shown}");
    }

    #[test]
    fn the_schema_describes_every_key() {
        fn walk(schema: &serde_json::Value, bare: &mut Vec<String>) {
            if let Some(properties) = schema.get("properties").and_then(|value| value.as_object()) {
                for (name, property) in properties {
                    if property.get("description").is_none() {
                        bare.push(name.clone());
                    }
                }
            }
            for child in schema.as_object().into_iter().flat_map(|object| object.values()) {
                walk(child, bare);
            }
        }
        let schema = Config::schema();
        let mut bare = Vec::new();
        walk(&schema, &mut bare);
        assert_eq!(bare, Vec::<String>::new(), "keys without a description");
        assert_eq!(schema["additionalProperties"], false);
    }
}
