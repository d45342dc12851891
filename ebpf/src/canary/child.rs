//! The child's side. After it has put the filter on itself it must do nothing but read, write and compute: no memory from the system, no
//! locks that sleep, no clock.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;

use zerocopy::{FromBytes, IntoBytes};

use super::channel::{Answer, Order, SIZE, numbers};
use super::functions::{self, SEMAPHORE, Specimen};
use crate::uprobes::Kind;

/// Obeys the orders on standard input until it is closed. To be called by a process that was started for this ([`run`](super::run)); it ends
/// with the process.
pub fn child() -> ! {
    // SAFETY: takes no pointers. Where the kernel has no seccomp there is no such danger either, so a failure is none here.
    unsafe {
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_STRICT);
    }
    while let Some(order) = next() {
        if !say(obey(order)) {
            break;
        }
    }
    loop {
        // SAFETY: takes no pointers. Not exit_group(2), which the filter would kill for; there is but one thread.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}

fn next() -> Option<Order> {
    let mut bytes = MaybeUninit::<[u8; 8]>::zeroed();
    // SAFETY: room for as many bytes as are asked for. Orders are smaller than any socket's buffer and come whole.
    let read = unsafe { libc::read(0, bytes.as_mut_ptr().cast(), 8) };
    // SAFETY: initialised with zeroes, at least.
    let bytes = unsafe { bytes.assume_init() };
    (u64::try_from(read) == Ok(SIZE)).then(|| Order::read_from_bytes(&bytes).ok())?
}

fn say(answer: Answer) -> bool {
    let bytes = answer.as_bytes();
    // SAFETY: as many bytes as there are.
    let written = unsafe { libc::write(1, bytes.as_ptr().cast(), bytes.len()) };
    u64::try_from(written) == Ok(SIZE)
}

fn obey(order: Order) -> Answer {
    let mut answer = Answer { calls: 0, wrong: 0 };
    let Some((kind, specimen)) = order.kind().and_then(|kind| Some((kind, functions::of(kind)?))) else {
        return answer;
    };
    for i in 0..order.times {
        // As programs with such counters do: nobody looks, nothing is done.
        if kind == Kind::Semaphore && SEMAPHORE.load(Ordering::Relaxed) == 0 {
            continue;
        }
        answer.calls += 1;
        answer.wrong += u32::from(!is_right(specimen, i));
    }
    answer
}

fn is_right(specimen: Specimen, i: u32) -> bool {
    let (a, b) = numbers(i);
    // SAFETY: computes with its arguments, in assembly of our own that follows the platform's calling convention.
    black_box(unsafe { (specimen.function)(black_box(a), black_box(b)) }) == a + b
}
