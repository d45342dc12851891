//! Operands in the assemblers' words.

use super::argument::{Extend, Index, Place, Resolve};
use super::registers::{find, instruction_pointer, is_other};
use crate::elf::Arch;

const MALFORMED: Place = Place::Unavailable("not understood");

/// AT&T syntax: `%reg`, `$number`, `disp(base,index,scale)` with any part missing, `symbol+number(%rip)`, `symbol`.
pub(super) fn x86_64(text: &str, location: u64, resolve: Resolve<'_>) -> Place {
    if let Some(constant) = text.strip_prefix('$') {
        return match Sum::of(constant) {
            Some(Sum { symbol: None, number }) => Place::Constant(number),
            Some(_) => Place::Unavailable("the address of a symbol"),
            None => MALFORMED,
        };
    }
    if let Some(name) = text.strip_prefix('%') {
        if name.contains(':') {
            return Place::Unavailable("thread-local");
        }
        return register(Arch::X86_64, name);
    }
    let (sum, registers) = match text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) {
        Some((sum, registers)) => (sum, Some(registers)),
        None => (text, None),
    };
    let Some(sum) = (if sum.is_empty() && registers.is_some() { Some(Sum::default()) } else { Sum::of(sum) })
    else {
        return MALFORMED;
    };
    memory(&sum, registers, location, resolve).unwrap_or(MALFORMED)
}

fn memory(sum: &Sum<'_>, registers: Option<&str>, location: u64, resolve: Resolve<'_>) -> Option<Place> {
    let pointer = instruction_pointer(Arch::X86_64);
    let mut parts = registers.unwrap_or_default().split(',').map(str::trim);
    let named = |part: Option<&str>| match part {
        None | Some("") => Some(None),
        Some(name) => find(Arch::X86_64, name.strip_prefix('%')?)
            .filter(|found| !found.high)
            .map(|found| Some(found.word)),
    };
    let base = named(parts.next())?;
    let index = named(parts.next())?;
    let scale: u8 = match parts.next() {
        None | Some("") => 1,
        Some(scale) => scale.parse().ok()?,
    };
    if !matches!(scale, 1 | 2 | 4 | 8) || parts.next().is_some() || (registers == Some("")) {
        return None;
    }
    let shift = scale.trailing_zeros().try_into().ok()?;
    let index = index.map(|word| Index { word, shift, extend: Extend::No });
    let Some(symbol) = sum.symbol else {
        return Some(Place::Memory { displacement: sum.number, base, index });
    };
    if symbol.contains('@') {
        return Some(Place::Unavailable("a symbol through the linker's tables"));
    }
    if index.is_some() || base.is_some_and(|base| base != pointer) {
        return Some(Place::Unavailable("a table at a fixed address"));
    }
    // Relative to the site, since the site is where the process is and its distance to the symbol is fixed.
    let Some(address) = resolve(symbol) else {
        return Some(Place::Unavailable("a symbol that was stripped"));
    };
    let displacement = address.wrapping_add_signed(sum.number).wrapping_sub(location).cast_signed();
    Some(Place::Memory { displacement, base: Some(pointer), index: None })
}

/// `x1`, `w1`, `5`, `[x1]`, `[sp, 16]`, `[x1, x2, lsl 3]`, `[x1, w2, sxtw 2]`.
pub(super) fn aarch64(text: &str) -> Place {
    let Some(inside) = text.strip_prefix('[') else {
        return match number(text.trim_start_matches('#')) {
            Some(value) => Place::Constant(value),
            None if matches!(text, "xzr" | "wzr") => Place::Constant(0),
            None => register(Arch::Aarch64, text),
        };
    };
    inside.strip_suffix(']').and_then(aarch64_memory).unwrap_or(MALFORMED)
}

fn aarch64_memory(text: &str) -> Option<Place> {
    let mut parts = text.split(',').map(str::trim);
    let base = Some(find(Arch::Aarch64, parts.next()?)?.word);
    let Some(second) = parts.next() else {
        return Some(Place::Memory { displacement: 0, base, index: None });
    };
    let third = parts.next();
    if parts.next().is_some() {
        return None;
    }
    if second.contains(":lo12:") {
        return Some(Place::Unavailable("a symbol through the linker's tables"));
    }
    let Some(register) = find(Arch::Aarch64, second) else {
        let displacement = number(second.trim_start_matches('#'))?;
        return third.is_none().then_some(Place::Memory { displacement, base, index: None });
    };
    let (how, shift) = third.map_or(("lsl", "0"), |third| third.split_once(' ').unwrap_or((third, "0")));
    let shift: u8 = shift.trim().trim_start_matches('#').parse().ok().filter(|shift| *shift <= 3)?;
    let extend = match (how, register.half) {
        ("lsl" | "sxtx" | "uxtx", false) => Extend::No,
        ("sxtw", _) => Extend::Signed,
        ("uxtw", _) => Extend::Unsigned,
        _ => return None,
    };
    Some(Place::Memory { displacement: 0, base, index: Some(Index { word: register.word, shift, extend }) })
}

fn register(arch: Arch, name: &str) -> Place {
    match find(arch, name) {
        Some(register) => Place::Register { word: register.word, high: register.high },
        None if is_other(arch, name) => Place::Unavailable("floating point"),
        None => MALFORMED,
    }
}

/// Numbers and at most one symbol, added up.
#[derive(Debug, Default)]
struct Sum<'a> {
    symbol: Option<&'a str>,
    number: i64,
}

impl<'a> Sum<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let mut sum = Self::default();
        let mut rest = text;
        while !rest.is_empty() {
            let (negative, term) = match rest.as_bytes()[0] {
                b'-' => (true, &rest[1..]),
                b'+' => (false, &rest[1..]),
                _ => (false, rest),
            };
            let end = term.find(['+', '-']).unwrap_or(term.len());
            let (term, behind) = term.split_at(end);
            rest = behind;
            if let Some(value) = number(term) {
                sum.number = sum.number.wrapping_add(if negative { value.wrapping_neg() } else { value });
            } else if !negative && sum.symbol.is_none() && is_symbol(term) {
                sum.symbol = Some(term);
            } else {
                return None;
            }
        }
        Some(sum)
    }
}

fn is_symbol(text: &str) -> bool {
    let ordinary = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$' | '@') || !c.is_ascii();
    text.starts_with(|c: char| ordinary(c) && !c.is_ascii_digit() && c != '@') && text.chars().all(ordinary)
}

/// A decimal or hexadecimal number, up to 64 bits with or without sign.
fn number(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (digits, radix) = digits.strip_prefix("0x").map_or((digits, 10), |digits| (digits, 16));
    if !digits.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?.cast_signed();
    Some(if negative { value.wrapping_neg() } else { value })
}
