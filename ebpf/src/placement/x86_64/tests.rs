//! Functions of this very program, written for it, so that the planner sees what a linker makes of them.

use super::super::Plan;
use super::*;
use crate::elf::Image;

macro_rules! functions {
    ($($name:literal: $code:literal;)*) => {
        $(core::arch::global_asm!(
            // Retained: nothing refers to them.
            ".pushsection .text.placement,\"axR\",@progbits",
            concat!(".globl ", $name), concat!(".type ", $name, ",@function"), concat!($name, ":"),
            $code,
            concat!(".size ", $name, ", . - ", $name),
            ".popsection",
            options(att_syntax)
        );)*
    };
}

functions! {
    // The shape of SSL_read in Debian 12: stack protector, early branch, one way out.
    "place_protected": "sub $0x18,%rsp; mov %fs:0x28,%rax; mov %rax,8(%rsp); xor %eax,%eax; test %edx,%edx; js 2f; \
        mov %rsp,%rcx; call place_plain; test %eax,%eax; jle 1f; mov (%rsp),%eax; \
        1: mov 8(%rsp),%rdx; sub %fs:0x28,%rdx; jne 3f; add $0x18,%rsp; ret; \
        2: call place_plain; mov $-1,%eax; jmp 1b; \
        3: call abort@PLT";
    "place_plain": "endbr64; push %rbp; mov %rsp,%rbp; lea (%rdi,%rsi),%rax; pop %rbp; ret";
    "place_clobbered": "mov $1,%edi; push %rbx; mov %edi,%ebx; call place_plain; pop %rbx; ret";
    "place_looped": "xor %eax,%eax; 1: nop; add %rsi,%rax; dec %rdi; jne 1b; ret";
    "place_tail": "mov %rdi,%rax; test %rsi,%rsi; je 1f; mov %rsi,%rdi; jmp place_plain; 1: ret";
    "place_pointer_tail": "push %rbx; mov %rdi,%rbx; call place_plain; mov %rbx,%rdi; pop %rbx; mov (%rdi),%rax; jmp *0x30(%rax)";
    "place_table": "mov %edi,%eax; cmp $2,%eax; ja 9f; lea 8f(%rip),%rdx; movslq (%rdx,%rax,4),%rax; add %rdx,%rax; jmp *%rax; \
        5: mov $1,%eax; ret; 6: mov $2,%eax; ret; 9: xor %eax,%eax; ret; .balign 4; 8: .long 5b-8b, 6b-8b";
    "place_two_ways": "push %rbx; mov %rdi,%rbx; call place_plain; test %rbx,%rbx; je 1f; mov $1,%eax; pop %rbx; ret; \
        1: xor %eax,%eax; pop %rbx; ret";
    "place_void": "push %rbx; mov %rdi,%rbx; movl $0,(%rbx); test %rsi,%rsi; je 1f; movl $1,(%rbx); 1: pop %rbx; ret";
    "place_go": "lea -0x10(%rsp),%r12; cmp 0x10(%r14),%r12; jbe 1f; sub $0x18,%rsp; mov %rax,%rcx; add $0x18,%rsp; ret; \
        1: call place_plain; jmp place_go";
    "place_no_xchg": "xchg %rax,%r8; push %rbx; pop %rbx; mov %rdi,%rax; ret";
    "place_long_nop": ".byte 0x0f,0x1f,0x44,0,0; push %rbx; mov %rdi,%rax; pop %rbx; ret";
    // A label without symbol before the next function, as in hand-written code.
    "place_other": "xor %eax,%eax; 1: ret; .Lplace_shared_tail: test %rax,%rax; jne 2f; nop; 2: nop; pop %rbx; ret";
    "place_shared": "push %rbx; mov %rdi,%rax; test %rsi,%rsi; je .Lplace_shared_tail; xor %eax,%eax; jmp .Lplace_shared_tail";
    "place_unreadable": "mov %rdi,%rax; je 1f; nop; .byte 0x06; 1: ret";
}

fn plan(name: &str, convention: Convention) -> Plan {
    let image = Image::of_process(std::process::id()).expect("our own program");
    Planner::new(&image).expect("readable").plan(name, convention).expect("the function is here")
}

/// Distances of entry and exit, and whether the exit is a site.
fn distances(plan: &Plan) -> (u64, u64, bool) {
    match &plan.exit {
        Exit::Site { distance, .. } => (plan.entry.distance, *distance, true),
        Exit::Probe { distance, .. } => (plan.entry.distance, *distance, false),
    }
}

const C3: Convention = Convention::C { arguments: 3 };

#[test]
fn one_way_out_behind_a_stack_protector() {
    let plan = plan("place_protected", C3);
    assert_eq!(distances(&plan), (0x16, 0x35, true), "{plan}");
    assert_eq!((plan.entry.emulated, plan.entry.depth), (true, 0x18));
    assert_eq!(
        (plan.entry.instruction.split(' ').next(), &*plan.function.name),
        (Some("js"), "place_protected")
    );
}

#[test]
fn a_push_takes_both_where_no_site_serves_the_return() {
    let plan = plan("place_plain", C3);
    assert_eq!(distances(&plan), (4, 4, false), "{plan}");
    assert!(matches!(plan.exit, Exit::Probe { emulated: true, .. }), "{plan}");
}

#[test]
fn arguments_in_danger_keep_the_first_instruction() {
    let changed = plan("place_clobbered", C3);
    assert_eq!((changed.entry.distance, changed.entry.emulated), (0, false));
    assert!(changed.entry_why.as_ref().is_some_and(|why| why.contains("changes an argument")), "{changed}");
    // The return probe wants no arguments.
    assert_eq!(distances(&changed), (0, 5, false), "{changed}");
    let free = plan("place_clobbered", Convention::C { arguments: 0 });
    assert_eq!(free.entry.distance, 5, "{free}");
}

#[test]
fn what_is_passed_again_is_not_taken() {
    let plan = plan("place_looped", C3);
    assert_eq!(distances(&plan), (0, 0, false), "{plan}");
}

#[test]
fn calls_that_another_function_ends() {
    for name in ["place_tail", "place_pointer_tail"] {
        let plan = plan(name, C3);
        assert!(matches!(&plan.exit, Exit::Probe { why, .. } if why.contains("another function")), "{plan}");
        assert!(plan.entry.emulated);
    }
}

#[test]
fn jump_tables_hide_code() {
    let plan = plan("place_table", C3);
    assert_eq!(plan.entry.distance, 0, "{plan}");
    assert!(matches!(&plan.exit, Exit::Probe { why, .. } if why.contains("table")), "{plan}");
    let image = Image::of_process(std::process::id()).expect("our own program");
    let planner = Planner::new(&image).expect("readable");
    assert!(planner.returns(&planner.function("place_table").expect("here")).is_empty());
}

#[test]
fn two_returns_and_no_site() {
    let plan = plan("place_two_ways", C3);
    assert_eq!(distances(&plan), (0, 0, false), "{plan}");
    let image = Image::of_process(std::process::id()).expect("our own program");
    let planner = Planner::new(&image).expect("readable");
    let function = planner.function("place_two_ways").expect("here");
    let returns = planner.returns(&function);
    let end = image.offset_of(function.address).expect("in the file") + function.size;
    assert_eq!((returns.len(), returns.last()), (2, Some(&(end - 1))));
}

#[test]
fn a_function_without_result_keeps_its_return_probe() {
    let plan = plan("place_void", C3);
    assert_eq!(distances(&plan), (0, 0, false), "{plan}");
}

#[test]
fn go_goes_to_the_stack_check() {
    let plan = plan("place_go", Convention::Go);
    assert_eq!((plan.entry.distance, plan.entry.depth), (9, 0), "{plan}");
}

#[test]
fn look_alikes_are_not_taken() {
    // 49 90 looks like a nop to the kernel and is none.
    assert_eq!(plan("place_no_xchg", Convention::C { arguments: 4 }).entry.distance, 2);
    // Kernels with a fast path for this nop corrupt memory below the stack pointer; older ones single-step it.
    assert_eq!(plan("place_long_nop", C3).entry.distance, 5);
}

#[test]
fn unreadable_code_is_left_alone() {
    let plan = plan("place_unreadable", C3);
    assert_eq!(distances(&plan), (0, 0, false), "{plan}");
}

#[test]
fn code_that_others_use_too_is_no_site() {
    let plan = plan("place_shared", C3);
    assert_eq!(distances(&plan), (0, 0, false), "{plan}");
}
