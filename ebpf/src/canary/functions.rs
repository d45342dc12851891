//! The functions that canaries call. Each takes two numbers and returns their sum, by ways that would show if a probe did harm.

use std::sync::atomic::AtomicU16;

use crate::uprobes::Kind;

/// A function and where in it the probe goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Specimen {
    pub(super) function: unsafe extern "C" fn(u64, u64) -> u64,
    /// Address of the instruction.
    pub(super) site: usize,
}

/// What tells the child that somebody looks. In `.data`, since the kernel wants it to be in the file.
#[unsafe(link_section = ".data.underspan_canary")]
pub(super) static SEMAPHORE: AtomicU16 = AtomicU16::new(0);

unsafe extern "C" {
    fn underspan_canary_emulated(a: u64, b: u64) -> u64;
    fn underspan_canary_stepped(a: u64, b: u64) -> u64;
    fn underspan_canary_result(a: u64, b: u64) -> u64;
    fn underspan_canary_emulated_site();
    fn underspan_canary_stepped_site();
    fn underspan_canary_result_site();
}

/// Leaf functions that keep everything they have in the 128 bytes below the stack pointer, as the ABI allows, while they pass the site.
#[cfg(target_arch = "x86_64")]
macro_rules! leaf {
    ($name:literal, $instruction:literal) => {
        core::arch::global_asm!(
            ".pushsection .text.underspan_canary,\"ax\",@progbits",
            concat!(".globl ", $name),
            concat!(".globl ", $name, "_site"),
            concat!(".hidden ", $name),
            concat!(".hidden ", $name, "_site"),
            ".balign 16",
            concat!($name, ":"),
            "mov %rdi,-8(%rsp)",
            "mov %rsi,-16(%rsp)",
            "movq $0,-24(%rsp)",
            "movq $0,-128(%rsp)",
            concat!($name, "_site:"),
            $instruction,
            "mov -8(%rsp),%rax",
            "add -16(%rsp),%rax",
            "add -24(%rsp),%rax",
            "add -128(%rsp),%rax",
            "ret",
            ".popsection",
            options(att_syntax)
        );
    };
}

#[cfg(target_arch = "x86_64")]
mod native {
    leaf!("underspan_canary_emulated", "nop");
    leaf!("underspan_canary_stepped", "lea (%rdi,%rsi),%rdx");
    leaf!("underspan_canary_long_nop", ".byte 0x0f,0x1f,0x44,0,0");
    core::arch::global_asm!(
        ".pushsection .text.underspan_canary,\"ax\",@progbits",
        ".globl underspan_canary_result",
        ".globl underspan_canary_result_site",
        ".hidden underspan_canary_result",
        ".hidden underspan_canary_result_site",
        ".balign 16",
        "underspan_canary_result:",
        "underspan_canary_result_site:",
        "push %rbx",
        "mov %rdi,%rbx",
        "lea (%rbx,%rsi),%rax",
        "pop %rbx",
        "ret",
        ".popsection",
        options(att_syntax)
    );

    unsafe extern "C" {
        pub(super) fn underspan_canary_long_nop(a: u64, b: u64) -> u64;
        pub(super) fn underspan_canary_long_nop_site();
    }
}

/// There is no red zone on aarch64.
#[cfg(target_arch = "aarch64")]
mod native {
    macro_rules! function {
        ($name:literal, $($instruction:literal),*) => {
            core::arch::global_asm!(
                ".pushsection .text.underspan_canary,\"ax\",@progbits",
                concat!(".globl ", $name),
                concat!(".globl ", $name, "_site"),
                concat!(".hidden ", $name),
                concat!(".hidden ", $name, "_site"),
                ".balign 16",
                concat!($name, ":"),
                concat!($name, "_site:"),
                $($instruction,)*
                "ret",
                ".popsection",
            );
        };
    }
    function!("underspan_canary_emulated", "nop", "add x0, x0, x1");
    function!("underspan_canary_stepped", "add x0, x0, x1");
    function!("underspan_canary_result", "nop", "add x0, x0, x1");
}

/// The function for a kind of probe; `None` where there is no such kind.
#[cfg_attr(target_arch = "x86_64", expect(clippy::unnecessary_wraps, reason = "aarch64 has one kind less"))]
pub(super) fn of(kind: Kind) -> Option<Specimen> {
    let specimen =
        |function, site: unsafe extern "C" fn()| Specimen { function, site: site as *const () as usize };
    Some(match kind {
        Kind::Emulated | Kind::Semaphore => {
            specimen(underspan_canary_emulated, underspan_canary_emulated_site)
        }
        Kind::Stepped => specimen(underspan_canary_stepped, underspan_canary_stepped_site),
        Kind::Return => specimen(underspan_canary_result, underspan_canary_result_site),
        #[cfg(target_arch = "x86_64")]
        Kind::LongNop => specimen(native::underspan_canary_long_nop, native::underspan_canary_long_nop_site),
        #[cfg(not(target_arch = "x86_64"))]
        Kind::LongNop => return None,
    })
}
