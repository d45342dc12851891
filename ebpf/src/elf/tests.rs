use super::*;

#[test]
fn knows_its_own_program() {
    let image = Image::of_process(std::process::id()).expect("our own program");
    assert_eq!(image.arch(), Arch::HOST);
    let names = image.names().expect("readable symbols");
    let main = names.function("main").expect("unstripped");
    assert!(names.begins(main.address) && image.is_code(main.address));
    let code = image.code(main.address, 16);
    let offset = image.offset_of(main.address).expect("in the file");
    let file = std::fs::read("/proc/self/exe").expect("readable");
    let offset = usize::try_from(offset).expect("small");
    assert_eq!(code, file[offset..offset + 16]);
    assert!(names.function("no_such_function").is_none());
}

#[test]
fn the_same_file_by_two_paths_is_one() {
    let own = std::env::current_exe().expect("a path");
    let (a, b) = (Image::open(&own).expect("opens"), Image::of_process(std::process::id()).expect("opens"));
    assert_eq!(a.id(), b.id());
    assert_eq!(a.build_id(), b.build_id());
}

#[test]
fn refuses_what_is_no_executable() {
    let folder = std::env::temp_dir().join(format!("underspan-elf-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("file");
    let own = std::fs::read("/proc/self/exe").expect("readable");
    for bytes in [&b""[..], b"#!/bin/sh\n", &own[..100], &own[..4096]] {
        std::fs::write(&path, bytes).expect("written");
        // Whatever the beginning of an executable gives: no panic, and no code that is not there.
        match Image::open(&path) {
            Err(ImageError::Elf { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(matches!(Image::open(&folder), Err(ImageError::Elf { .. })));
    assert!(matches!(Image::open(&folder.join("none")), Err(ImageError::Io { .. })));
    std::fs::remove_dir_all(folder).expect("removed");
}

/// Sections that claim to be anywhere and of any size.
#[test]
fn survives_damaged_headers() {
    let path = std::env::temp_dir().join(format!("underspan-elf-damaged-{}", std::process::id()));
    let mut bytes = std::fs::read("/proc/self/exe").expect("readable");
    let table = u64::from_le_bytes(bytes[40..48].try_into().expect("eight bytes"));
    let table = usize::try_from(table).expect("small");
    let mut state = 0x9e37_79b9_u32;
    for _ in 0..60 {
        for byte in bytes.iter_mut().skip(table) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 28 == 0 {
                *byte = (state >> 8).to_le_bytes()[0];
            }
        }
        std::fs::write(&path, &bytes).expect("written");
        if let Ok(image) = Image::open(&path) {
            let _ = image.names().map(|names| names.function("main"));
            let _ = image.slots_of(&["abort"]);
        }
    }
    std::fs::remove_file(path).expect("removed");
}
