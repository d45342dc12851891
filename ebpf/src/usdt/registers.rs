//! Registers by name -> their place among those the kernel saves for a process (uapi `ptrace.h`), in words of eight bytes.

use crate::elf::Arch;

/// A general register, or a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Register {
    pub(super) word: u8,
    /// The second byte of it (`%ah`).
    pub(super) high: bool,
    /// Its lower 32 bits (`w1` of aarch64), when used as an index.
    pub(super) half: bool,
}

/// In the order of `struct pt_regs` of `x86_64`, without those that no operand names.
const X86_64: [(&str, u8); 17] = [
    ("r15", 0),
    ("r14", 1),
    ("r13", 2),
    ("r12", 3),
    ("bp", 4),
    ("bx", 5),
    ("r11", 6),
    ("r10", 7),
    ("r9", 8),
    ("r8", 9),
    ("ax", 10),
    ("cx", 11),
    ("dx", 12),
    ("si", 13),
    ("di", 14),
    ("ip", 16),
    ("sp", 19),
];

/// Where the instruction pointer is saved: what addresses relative to it are based on.
pub(super) fn instruction_pointer(arch: Arch) -> u8 {
    match arch {
        Arch::X86_64 => 16,
        Arch::Aarch64 => 32,
    }
}

/// A register by its name, without `%`.
pub(super) fn find(arch: Arch, name: &str) -> Option<Register> {
    match arch {
        Arch::X86_64 => x86_64(name),
        Arch::Aarch64 => aarch64(name),
    }
}

fn x86_64(name: &str) -> Option<Register> {
    let full = |word| Register { word, high: false, half: false };
    let by_name = |wanted: &str| X86_64.iter().find(|(known, _)| *known == wanted).map(|(_, word)| *word);
    if let Some(number) = name.strip_prefix('r').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    {
        // r8, r8d, r8w, r8b (r8l in some assemblers)
        return by_name(&format!("r{}", number.trim_end_matches(['d', 'w', 'b', 'l']))).map(full);
    }
    if let [first @ (b'a' | b'b' | b'c' | b'd'), part @ (b'l' | b'h')] = name.as_bytes() {
        let word = by_name(&format!("{}x", char::from(*first)))?;
        return Some(Register { high: *part == b'h', ..full(word) });
    }
    let two = match name.as_bytes() {
        [b'r' | b'e', rest @ ..] if rest.len() == 2 => &name[1..],
        // sil, dil, bpl, spl
        [_, b'i' | b'p', b'l'] => &name[..2],
        _ => name,
    };
    by_name(two).filter(|_| two.len() == 2).map(full)
}

fn aarch64(name: &str) -> Option<Register> {
    const STACK_POINTER: u8 = 31;
    let half = name.starts_with('w');
    let word = match name {
        "sp" | "wsp" => STACK_POINTER,
        "fp" => 29,
        "lr" => 30,
        _ => name.strip_prefix(['x', 'w'])?.parse().ok().filter(|number| *number <= 30)?,
    };
    Some(Register { word, high: false, half })
}

/// Whether a name is that of a register which is not among the saved ones: floating point, vectors, masks.
pub(super) fn is_other(arch: Arch, name: &str) -> bool {
    let prefixes: &[&str] = match arch {
        Arch::X86_64 => &["xmm", "ymm", "zmm", "st", "mm", "k"],
        Arch::Aarch64 => &["b", "h", "s", "d", "q", "v", "z", "p"],
    };
    prefixes.iter().any(|prefix| {
        name.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '(') || rest.is_empty())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x86_64_names() {
        for (name, word, high) in [
            ("rax", 10, false),
            ("eax", 10, false),
            ("ax", 10, false),
            ("al", 10, false),
            ("ah", 10, true),
            ("bh", 5, true),
            ("dil", 14, false),
            ("sil", 13, false),
            ("bpl", 4, false),
            ("esp", 19, false),
            ("si", 13, false),
            ("r8", 9, false),
            ("r8d", 9, false),
            ("r10b", 7, false),
            ("r15w", 0, false),
            ("rip", 16, false),
        ] {
            assert_eq!(x86_64(name), Some(Register { word, high, half: false }), "{name}");
        }
        for name in ["", "r", "rzx", "r16", "xmm0", "a", "x", "eip0", "foo", "äx"] {
            assert_eq!(x86_64(name), None, "{name}");
        }
    }

    #[test]
    fn aarch64_names() {
        for (name, word, half) in [("x0", 0, false), ("w30", 30, true), ("sp", 31, false), ("fp", 29, false)]
        {
            assert_eq!(aarch64(name), Some(Register { word, high: false, half }), "{name}");
        }
        for name in ["x31", "r0", "x", "d0", ""] {
            assert_eq!(aarch64(name), None, "{name}");
        }
        assert!(
            is_other(Arch::Aarch64, "d0")
                && is_other(Arch::X86_64, "xmm13")
                && !is_other(Arch::X86_64, "sym")
        );
    }
}
