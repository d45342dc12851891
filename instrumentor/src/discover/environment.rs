//! What a target says about itself: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`.
use super::ProcFs;

/// Attributes one process may declare.
const ATTRIBUTES: usize = 64;

/// A target's own words.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OwnWords {
    /// `OTEL_SERVICE_NAME`.
    pub(super) service: Option<String>,
    /// `OTEL_RESOURCE_ATTRIBUTES`, decoded; later repetitions of a name are left out.
    pub(super) attributes: Vec<(String, String)>,
    /// The variable was malformed and ignored as a whole.
    pub(super) malformed: bool,
}

impl OwnWords {
    pub(super) fn read(proc: &ProcFs, pid: u32) -> Self {
        let [service, attributes] = proc.environment(pid, ["OTEL_SERVICE_NAME", "OTEL_RESOURCE_ATTRIBUTES"]);
        let parsed = attributes.map(|text| parse(&text));
        let malformed = matches!(parsed, Some(None));
        Self { service, attributes: parsed.flatten().unwrap_or_default(), malformed }
    }
}

/// `name=value,name=value`, percent-encoded. One mistake spoils it all, as the specification wants. Values that
/// are references nobody expanded, such as `$(POD_NAME)`, are left out.
fn parse(text: &str) -> Option<Vec<(String, String)>> {
    let mut attributes: Vec<(String, String)> = Vec::new();
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').filter(|(_, value)| !value.contains('='))?;
        let (name, value) = (decode(name.trim())?, decode(value.trim())?);
        if name.is_empty() {
            return None;
        }
        let repeated = attributes.iter().any(|(known, _)| *known == name);
        if !repeated && !value.is_empty() && !value.starts_with("$(") && attributes.len() < ATTRIBUTES {
            attributes.push((name, value));
        }
    }
    Some(attributes)
}

/// Undoes percent-encoding. `None` for a broken escape, or bytes that are not UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            let sound = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            bytes.push(u8::from_str_radix(digits, 16).ok().filter(|_| sound)?);
            rest = &behind[2..];
        } else {
            bytes.push(first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::fake::FakeProc;

    #[test]
    fn well_formed() {
        for (text, expected) in [
            ("service.name=shop", vec![("service.name", "shop")]),
            ("a=1, b = 2 ,", vec![("a", "1"), ("b", "2")]),
            ("a=x%2Cy%3Dz%20%25,b=%C3%A4", vec![("a", "x,y=z %"), ("b", "ä")]),
            ("a=1,a=2", vec![("a", "1")]),
            ("a=,b=$(POD_NAME),c=3", vec![("c", "3")]),
        ] {
            let expected: Vec<_> =
                expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn one_mistake_spoils_all() {
        for text in
            ["a=1,b", "a=1,=2", "a=1,b=%", "a=1,b=%4", "a=1,b=%zz", "a=1,b=%+4", "a=1,b=%FF", "a=b=c%20"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
        let fake = FakeProc::new();
        fake.write(7, "environ", b"OTEL_RESOURCE_ATTRIBUTES=service.name=a,b\0OTEL_SERVICE_NAME=shop\0");
        let expected = OwnWords { service: Some("shop".to_owned()), attributes: vec![], malformed: true };
        assert_eq!(OwnWords::read(&fake.fs(), 7), expected);
    }

    #[test]
    fn a_real_child_speaks() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .env_clear()
            .env("PATH", "/bin:/usr/bin")
            .env("OTEL_SERVICE_NAME", "checkout")
            .env("OTEL_RESOURCE_ATTRIBUTES", "service.version=2")
            .spawn()
            .expect("sleep exists");
        let words = OwnWords::read(&ProcFs::host(), child.id());
        assert_eq!(words.service.as_deref(), Some("checkout"));
        assert_eq!(words.attributes, [("service.version".to_owned(), "2".to_owned())]);
        child.kill().expect("it runs");
        child.wait().expect("it was ours");
    }
}
