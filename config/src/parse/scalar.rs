//! What plain text means in YAML 1.2's core schema.

/// A plain scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

impl<'a> Scalar<'a> {
    /// Integers beyond 64 bits are floats.
    pub(super) fn of(text: &'a str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Boolean(true),
            "false" | "False" | "FALSE" => Self::Boolean(false),
            _ => number(text).unwrap_or(Self::Text(text)),
        }
    }
}

fn number(text: &str) -> Option<Scalar<'_>> {
    if let Some(digits) = text.strip_prefix("0x") {
        return unsigned(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return unsigned(digits, 8);
    }
    if !text.starts_with(['-', '+', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) {
        return None;
    }
    if let Some(number) = unsigned(text.strip_prefix('+').unwrap_or(text), 10) {
        return Some(number);
    }
    if let Ok(number) = text.parse() {
        return Some(Scalar::Signed(number));
    }
    match text.trim_start_matches(['-', '+']) {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => Some(Scalar::Float(f64::NEG_INFINITY)),
        ".inf" | ".Inf" | ".INF" => Some(Scalar::Float(f64::INFINITY)),
        ".nan" | ".NaN" | ".NAN" => Some(Scalar::Float(f64::NAN)),
        // Rust also reads `-inf` and `-NaN`, which YAML takes for text.
        rest if rest.starts_with(['.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) => {
            text.parse().ok().map(Scalar::Float)
        }
        _ => None,
    }
}

fn unsigned(digits: &str, radix: u32) -> Option<Scalar<'static>> {
    if !digits.starts_with(|digit: char| digit.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(digits, radix).ok().map(Scalar::Unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_schema() {
        for (text, expected) in [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("True", Scalar::Boolean(true)),
            ("yes", Scalar::Text("yes")),
            ("12", Scalar::Unsigned(12)),
            ("+12", Scalar::Unsigned(12)),
            ("-12", Scalar::Signed(-12)),
            ("0xff", Scalar::Unsigned(255)),
            ("0o17", Scalar::Unsigned(15)),
            ("0x", Scalar::Text("0x")),
            ("1.5", Scalar::Float(1.5)),
            (".5", Scalar::Float(0.5)),
            ("1e3", Scalar::Float(1000.0)),
            ("-.inf", Scalar::Float(f64::NEG_INFINITY)),
            ("-inf", Scalar::Text("-inf")),
            ("infinity", Scalar::Text("infinity")),
            ("1.2.3", Scalar::Text("1.2.3")),
            ("10s", Scalar::Text("10s")),
            ("-", Scalar::Text("-")),
        ] {
            assert_eq!(Scalar::of(text), expected, "{text}");
        }
    }
}
