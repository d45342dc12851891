//! The compiled BPF object.

/// Keeps the object aligned as its ELF header wants it.
#[repr(align(8))]
struct Aligned<T: ?Sized>(T);

static OBJECT: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/underspan.bpf.o")));

/// Fails the build, but not `cargo check` or clippy, which never evaluate it: they stop before code is generated.
struct NeedsClang<T>(std::marker::PhantomData<T>);

impl<T> NeedsClang<T> {
    const PRESENT: () = assert!(
        !cfg!(clang_missing),
        "clang 19 is needed to build the BPF programs: apt-get install clang-19 llvm-19"
    );
}

/// The ELF file with every BPF program.
pub(crate) fn bytes<T>() -> &'static [u8] {
    const { NeedsClang::<T>::PRESENT };
    &OBJECT.0
}
