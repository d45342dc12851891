//! `${NAME}` in values, as OpenTelemetry's declarative configuration defines it.
use std::borrow::Cow;

use super::Environment;

/// Replaces references to variables in one value. `$$` becomes `$` and separates: a reference does not reach
/// across it. Text that was put in is not looked at again. A variable that is absent or empty gives the default.
/// Errors: a closed `${…}` that is no reference.
pub(super) fn substitute<'a>(text: &'a str, env: Environment<'_>) -> Result<Cow<'a, str>, String> {
    if !text.contains('$') {
        return Ok(Cow::Borrowed(text));
    }
    let pieces: Result<Vec<String>, String> =
        text.split("$$").map(|piece| substitute_piece(piece, env)).collect();
    Ok(Cow::Owned(pieces?.join("$")))
}

fn substitute_piece(piece: &str, env: Environment<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(piece.len());
    let mut rest = piece;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((reference, behind)) = after.split_once('}') else { break };
        out.push_str(before);
        let (name, default) = parse_reference(reference).ok_or_else(|| {
            format!("\"${{{reference}}}\" is not a reference such as ${{NAME}} or ${{NAME:-default}}")
        })?;
        match env(name).filter(|value| !value.is_empty()) {
            Some(value) => out.push_str(&value),
            None => out.push_str(default),
        }
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// `env:NAME:-default`, where the first and the last part may be missing.
fn parse_reference(reference: &str) -> Option<(&str, &str)> {
    let reference = reference.strip_prefix("env:").unwrap_or(reference);
    let (name, default) = reference.split_once(":-").unwrap_or((reference, ""));
    let first = name.chars().next()?;
    let valid = (first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !default.contains('\n');
    valid.then_some((name, default))
}
