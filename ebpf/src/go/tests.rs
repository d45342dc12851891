//! Programs made up byte by byte, with the tables that Go's linker makes, whole and damaged. Real ones are in the end-to-end tests.

use std::path::{Path, PathBuf};

use super::*;
use crate::placement::Planner;

/// Segments of the program: everything that is read, and what may be written.
const TEXT: u64 = 0x40_1000;
const TABLE: u64 = 0x50_0000;
const DATA: u64 = 0x60_0000;
const NAMES: [&str; 3] = ["go:buildid", "crypto/tls.(*Conn).Read", "main.main"];
/// `cmp 0x10(%r14),%rsp; jbe end; push %rbp; pop %rbp; ret; end: call back; jmp back`, padded with traps.
const FUNCTION: [u8; 32] = [
    0x49, 0x3b, 0x66, 0x10, 0x76, 0x03, 0x55, 0x5d, 0xc3, 0xe8, 0xf2, 0xff, 0xff, 0xff, 0xeb, 0xf0, 0xcc,
    0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc,
];

/// How a program is laid out.
#[derive(Debug, Clone, Copy)]
struct Shape {
    magic: u32,
    /// It names its sections.
    sections: bool,
    /// Its build information has its strings inside.
    inline: bool,
}

const SHAPES: [Shape; 4] = [
    Shape { magic: 0xffff_fffa, sections: true, inline: false },
    Shape { magic: 0xffff_fff0, sections: true, inline: true },
    Shape { magic: 0xffff_fff1, sections: false, inline: true },
    Shape { magic: 0xffff_fffa, sections: false, inline: true },
];

fn put(bytes: &mut Vec<u8>, words: &[u64]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

fn table(shape: Shape) -> Vec<u8> {
    let absolute = shape.magic == 0xffff_fffa;
    let mut names = Vec::new();
    let offsets = NAMES.map(|name| {
        let at = u32::try_from(names.len()).expect("few");
        names.extend_from_slice(name.as_bytes());
        names.push(0);
        at
    });
    names.resize(names.len().next_multiple_of(8), 0);
    let count = NAMES.len();
    let entry = if absolute { 16 } else { 8 };
    let records = count * entry + entry / 2;
    let mut functions = Vec::new();
    let mut bodies = Vec::new();
    for (index, name) in offsets.iter().enumerate() {
        let offset = (index * FUNCTION.len()) as u64;
        let record = (records + bodies.len()) as u64;
        if absolute {
            put(&mut functions, &[TEXT + offset, record]);
            put(&mut bodies, &[TEXT + offset]);
        } else {
            functions.extend(
                [offset, record].iter().flat_map(|n| u32::try_from(*n).expect("small").to_le_bytes()),
            );
            bodies.extend(u32::try_from(offset).expect("small").to_le_bytes());
        }
        bodies.extend(name.to_le_bytes());
        bodies.resize(bodies.len() + 32, 0);
    }
    let end = (count * FUNCTION.len()) as u64;
    if absolute {
        put(&mut functions, &[TEXT + end]);
    } else {
        functions.extend(u32::try_from(end).expect("small").to_le_bytes());
    }
    let header: u64 = if absolute { 8 + 7 * 8 } else { 8 + 8 * 8 };
    let behind = header + names.len() as u64;
    let mut bytes = shape.magic.to_le_bytes().to_vec();
    bytes.extend([0, 0, 1, 8]);
    put(&mut bytes, &[count as u64, 0]);
    if !absolute {
        put(&mut bytes, &[0]);
    }
    put(&mut bytes, &[header, behind, behind, behind, behind]);
    bytes.extend(names);
    bytes.extend(functions);
    bytes.extend(bodies);
    bytes
}

/// Build information, then `moduledata`.
fn data(shape: Shape) -> Vec<u8> {
    let strings = ["go1.17.13", "path\texample.org/x\nmod\texample.org/x\tv1.0.0\th1:=\n"];
    let mut bytes = b"\xff Go buildinf:".to_vec();
    if shape.inline {
        bytes.extend([8, 2]);
        bytes.resize(32, 0);
        for string in strings {
            bytes.push(u8::try_from(string.len()).expect("short"));
            bytes.extend(string.as_bytes());
        }
    } else {
        bytes.extend([8, 0]);
        put(&mut bytes, &[DATA + 32, DATA + 48]);
        let at = DATA + 64;
        put(
            &mut bytes,
            &[at, strings[0].len() as u64, at + strings[0].len() as u64, strings[1].len() as u64],
        );
        bytes.extend(strings.concat().as_bytes());
    }
    bytes.resize(256, 0);
    let absolute = shape.magic == 0xffff_fffa;
    let names = TABLE + if absolute { 8 + 7 * 8 } else { 8 + 8 * 8 };
    let end = TEXT + (NAMES.len() * FUNCTION.len()) as u64;
    let mut module = [0; 24];
    (module[0], module[1]) = (TABLE, names);
    (module[20], module[21], module[22], module[23]) = (TEXT, end, TEXT, end);
    put(&mut bytes, &module);
    bytes
}

/// The file: header, three segments, section table.
fn program(shape: Shape) -> Vec<u8> {
    let text = NAMES.map(|_| FUNCTION).concat();
    let parts = [(TEXT, 5_u32, text), (TABLE, 4, table(shape)), (DATA, 6, data(shape))];
    let strings = b"\0.text\0.gopclntab\0.go.buildinfo\0.shstrtab\0";
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x3e\0\x01\0\0\0".to_vec();
    let mut body: Vec<u8> = Vec::new();
    let mut segments = Vec::new();
    let mut sections = vec![0; 64];
    let start = 64 + 3 * 56;
    for ((address, flags, content), name) in parts.iter().zip([1_u32, 7, 18]) {
        let (offset, size) = ((start + body.len()) as u64, content.len() as u64);
        segments.extend(1_u32.to_le_bytes());
        segments.extend(flags.to_le_bytes());
        put(&mut segments, &[offset, *address, *address, size, size, 4096]);
        sections.extend(name.to_le_bytes());
        sections.extend(1_u32.to_le_bytes());
        put(&mut sections, &[2, *address, offset, size, 0, 8, 0]);
        body.extend(content);
    }
    let names = (start + body.len()) as u64;
    body.extend(strings);
    sections.extend(32_u32.to_le_bytes());
    sections.extend(3_u32.to_le_bytes());
    put(&mut sections, &[0, 0, names, strings.len() as u64, 0, 1, 0]);
    let table = if shape.sections { (start + body.len()) as u64 } else { 0 };
    put(&mut bytes, &[TEXT, 64, table]);
    bytes.extend(0_u32.to_le_bytes());
    // With the null section.
    let count = if shape.sections { [5, 4] } else { [0, 0] };
    bytes.extend([64_u16, 56, 3, 64].iter().flat_map(|n| n.to_le_bytes()));
    bytes.extend(count.iter().flat_map(|n: &u16| n.to_le_bytes()));
    bytes.extend(segments);
    bytes.extend(body);
    bytes.extend(sections);
    bytes
}

struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("underspan-go-{name}-{}", std::process::id())))
    }

    fn write(&self, bytes: &[u8]) -> &Path {
        std::fs::write(&self.0, bytes).expect("written");
        &self.0
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn every_layout_is_read() {
    let file = File::new("layouts");
    for shape in SHAPES {
        let image = Image::open(file.write(&program(shape))).expect("an executable");
        let program = Program::of(&image).unwrap_or_else(|error| panic!("{shape:?}: {error}"));
        assert_eq!(
            (&*program.build.version, &*program.build.path),
            ("go1.17.13", "example.org/x"),
            "{shape:?}"
        );
        assert_eq!(program.build.modules.len(), 1);
        assert_eq!(program.abi(&image), Some(Abi::Registers));
        let functions = program.functions(&image, |_| true).expect("readable");
        let all: Vec<_> =
            functions.found.iter().map(|found| (&*found.name, found.address, found.size)).collect();
        let size = FUNCTION.len() as u64;
        let expected: Vec<_> =
            (0..).zip(NAMES).map(|(index, name)| (name, TEXT + index * size, size)).collect();
        assert_eq!(all, expected, "{shape:?}");
        assert_eq!(functions.starts, [TEXT, TEXT + size, TEXT + 2 * size]);
        let hooks = program.hooks(&image, &[NAMES[1], "main.other"]).expect("readable");
        assert_eq!(hooks[1].places, Err(Refusal::Absent));
        let places = hooks[0].places.as_ref().unwrap_or_else(|refusal| panic!("{shape:?}: {refusal}"));
        let offset = image.offset_of(TEXT + size).expect("in the file");
        assert_eq!((places.entry.offset, &*places.returns), (offset + 6, &[offset + 8][..]));
        // Each calls itself.
        let planner = Planner::of_go(&image, functions.starts.clone());
        assert_eq!(planner.calls(&functions.found[1], TEXT + size), [offset + 9]);
        assert!(planner.calls(&functions.found[1], TEXT).is_empty());
        let behind = |first, last| program.call_behind(&image, NAMES[1], first, last).expect("readable");
        assert_eq!([behind(NAMES[1], NAMES[1]), behind(NAMES[1], NAMES[2])], [None, None]);
    }
}

#[test]
fn what_is_no_go_program_is_told() {
    let file = File::new("others");
    let own = Image::of_process(std::process::id()).expect("our own program");
    assert!(matches!(Program::of(&own), Err(GoError::NotGo)));
    let whole = program(SHAPES[1]);
    let at =
        |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|here| here == what).expect("there");
    // Build information of Go, and a table of another layout.
    let mut other = whole.clone();
    let magic = at(&other, &SHAPES[1].magic.to_le_bytes());
    other[magic] = 0xfb;
    let image = Image::open(file.write(&other)).expect("an executable");
    assert!(matches!(Program::of(&image), Err(GoError::Unknown(version)) if version == "go1.17.13"));
    // Neither, and the mark of a packer.
    let info = at(&other, b" Go buildinf:");
    other[info] = 0;
    let padding = at(&other, &FUNCTION) + FUNCTION.len() - 4;
    other[padding..padding + 4].copy_from_slice(b"UPX!");
    let image = Image::open(file.write(&other)).expect("an executable");
    assert!(matches!(Program::of(&image), Err(GoError::Packed("UPX"))));
    // Nobody tells where the text is.
    let mut lost = whole;
    let mut beginning = Vec::new();
    put(&mut beginning, &[TABLE, TABLE + 8 + 8 * 8]);
    let module = at(&lost, &beginning);
    for byte in &mut lost[module + 20 * 8..module + 21 * 8] {
        *byte = 0x55;
    }
    let image = Image::open(file.write(&lost)).expect("an executable");
    assert!(matches!(Program::of(&image), Err(GoError::Damaged(_))));
}

/// Whatever is changed: an answer, no panic, and places only where the file has code.
#[test]
fn survives_damage() {
    let file = File::new("damaged");
    let mut state = 0x9e37_79b9_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for round in 0..1000 {
        let mut bytes = program(SHAPES[round % SHAPES.len()]);
        for _ in 0..=random(4) {
            let at = 64 + random(bytes.len() - 64);
            let word = [0, 1, 0x7f, 0x80, 0xff][random(5)];
            let length = [1, 2, 4, 8][random(4)].min(bytes.len() - at);
            bytes[at..at + length].fill(word);
        }
        if random(8) == 0 {
            bytes.truncate(64 + random(bytes.len() - 64));
        }
        let Ok(image) = Image::open(file.write(&bytes)) else { continue };
        let Ok(program) = Program::of(&image) else { continue };
        let _ = program.functions(&image, |_| true);
        for hook in program.hooks(&image, &NAMES).into_iter().flatten() {
            if let Ok(places) = hook.places {
                for offset in places.returns.iter().chain([&places.entry.offset]) {
                    assert!(image.address_of(*offset).is_some_and(|address| image.is_code(address)));
                }
            }
        }
    }
}
