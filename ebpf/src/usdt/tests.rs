//! The arguments of real programs' probes, as text in `testdata/usdt/PROGRAM.ARCH.txt`: a line with a site's arguments as its note has them,
//! then one for each argument as it is understood. `BLESS=1` writes the latter; read the difference before committing it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::*;
use crate::elf::Arch;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/usdt");

/// Where sites and symbols are taken to be.
const LOCATION: u64 = 0x1000;
const SYMBOL: u64 = 0x5000;

fn understood(path: &Path, text: &str) -> String {
    let arch = if path.to_string_lossy().ends_with("aarch64.txt") { Arch::Aarch64 } else { Arch::X86_64 };
    let mut out = String::new();
    for line in text.lines().filter(|line| !line.starts_with(' ')) {
        writeln!(out, "{line}").expect("a string");
        for argument in argument::parse(arch, line, LOCATION, &|_| Some(SYMBOL)) {
            writeln!(out, "    {:<24} {argument}", argument.text).expect("a string");
        }
    }
    out
}

#[test]
fn arguments_of_real_programs() {
    let mut files = 0;
    for entry in fs::read_dir(FOLDER).expect("the folder") {
        let path = entry.expect("readable").path();
        let text = fs::read_to_string(&path).expect("text");
        let now = understood(&path, &text);
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, &now).expect("writable");
        } else {
            assert_eq!(now, text, "{}", path.display());
        }
        let made_up = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("forms."));
        assert!(
            made_up || !now.contains("unavailable"),
            "{} has what no program should have",
            path.display()
        );
        files += 1;
    }
    assert_eq!(files, 8);
}

#[test]
fn cuts_of_arguments_never_panic() {
    for entry in fs::read_dir(FOLDER).expect("the folder") {
        let text = fs::read_to_string(entry.expect("readable").path()).expect("text");
        for arch in [Arch::X86_64, Arch::Aarch64] {
            for line in text.lines().filter(|line| !line.starts_with(' ')) {
                for (at, _) in line.char_indices() {
                    let _ = argument::parse(arch, &line[at..], LOCATION, &|_| None);
                    spec::encode(&argument::parse(arch, &line[..at], LOCATION, &|_| Some(SYMBOL)));
                }
            }
        }
    }
}

fn note(location: u64, base: u64, semaphore: u64, strings: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = [location, base, semaphore].iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend_from_slice(strings);
    bytes
}

#[test]
fn prelinked_files_have_moved() {
    let bytes = note(0x100, 0x800, 0x900, b"provider\0name\08@%rdi\0");
    let read = |base| RawNote::of(b"stapsdt", 3, &bytes, base).expect("a note");
    let at_home = read(Some(0x800));
    assert_eq!((at_home.location, at_home.semaphore), (0x100, 0x900));
    assert_eq!((&*at_home.provider, &*at_home.name, &*at_home.arguments), ("provider", "name", "8@%rdi"));
    let moved = read(Some(0x4_0800));
    assert_eq!((moved.location, moved.semaphore), (0x4_0100, 0x4_0900));
    assert_eq!(read(None).location, 0x100);
    let without = note(0x100, 0x800, 0, b"p\0n\0\0");
    let without = RawNote::of(b"stapsdt", 3, &without, Some(0x4_0800)).expect("a note");
    assert_eq!((without.semaphore, &*without.arguments), (0, ""));
}

#[test]
fn notes_of_others_and_damaged_ones_are_passed_over() {
    let good = note(1, 2, 3, b"p\0n\0a\0");
    assert!(RawNote::of(b"GNU", 3, &good, None).is_none());
    assert!(RawNote::of(b"stapsdt", 4, &good, None).is_none());
    for length in 0..good.len() - 4 {
        assert!(RawNote::of(b"stapsdt", 3, &good[..length], None).is_none(), "{length}");
    }
    assert!(RawNote::of(b"stapsdt", 3, &note(1, 2, 3, b"\0n\0"), None).is_none());
    assert!(RawNote::of(b"stapsdt", 3, &note(1, 2, 3, b"\xff\0n"), None).is_some());
}

#[test]
fn the_table_holds_what_fits_and_leaves_the_rest_out() {
    let parse = |text| spec::encode(&argument::parse(Arch::X86_64, text, LOCATION, &|_| Some(SYMBOL)));
    let spec = parse("8@$1 8@$0x123456789a 8f@%xmm0 -4@counter(%rip) 8@-1(%rax,%rbx,8)");
    let kinds: Vec<_> = spec.arguments.iter().map(|argument| argument.kind).collect();
    assert_eq!(kinds, [1, 2, 0, 4, 4, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!((spec.wide[0], spec.arguments[1].value), (0x12_3456_789a, 0));
    assert_eq!(
        (spec.arguments[3].value, spec.arguments[3].base, spec.arguments[3].shape),
        (0x4000, 16, 0x18)
    );
    assert_eq!((spec.arguments[4].value, spec.arguments[4].index, spec.arguments[4].shape), (-1, 5, 0x0f));
    // Too far away, and one wide constant too many.
    assert_eq!(parse("8@0x123456789a(%rax)").arguments[0].kind, 0);
    let five = parse("8@$-99999999999 8@$-99999999998 8@$-99999999997 8@$-99999999996 8@$-99999999995");
    assert_eq!((five.arguments[3].kind, five.arguments[4].kind), (2, 0));
    // The same places are the same entry.
    assert_eq!(parse("8@%rax"), parse("8@%rax"));
    assert_ne!(parse("8@%rax"), parse("-8@%rax"));
}
