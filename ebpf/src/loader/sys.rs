//! The bpf(2) commands for which `aya` has no public function.

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use aya_obj::generated::{bpf_attr, bpf_cmd, bpf_prog_info};

use super::link::Runs;

/// Calls bpf(2) with a command that returns a file descriptor.
fn bpf_fd(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    let fd = bpf(command, attr)?;
    // SAFETY: the kernel just returned this descriptor to us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn bpf(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i32> {
    // SAFETY: `attr` is a whole, initialised `bpf_attr`; pointers inside it stay valid for the call, as each caller below
    // borrows what they point to.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command as libc::c_long, std::ptr::from_mut(attr), size_of::<bpf_attr>())
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // A descriptor or 0, both of which fit.
    i32::try_from(result).map_err(|_| io::Error::other("bpf() returned an impossible value"))
}

fn zero_attr() -> bpf_attr {
    // SAFETY: `bpf_attr` is a union of integers and pointers-as-integers, for which all zeroes is a valid value.
    unsafe { zeroed() }
}

fn raw(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().cast_unsigned()
}

/// Loads type information (`BPF_BTF_LOAD`).
pub(super) fn load_btf(btf: &[u8]) -> io::Result<OwnedFd> {
    let mut attr = zero_attr();
    // SAFETY: writing a field of a union whose every member is plain data.
    let part = unsafe { &mut attr.__bindgen_anon_7 };
    part.btf = btf.as_ptr() as u64;
    part.btf_size = u32::try_from(btf.len()).map_err(|_| io::Error::other("BTF larger than 4 GiB"))?;
    bpf_fd(bpf_cmd::BPF_BTF_LOAD, &mut attr)
}

/// Writes the one value of a map of global variables.
pub(super) fn set_global_data(map: BorrowedFd<'_>, data: &[u8]) -> io::Result<()> {
    let key = 0_u32;
    let mut attr = zero_attr();
    // SAFETY: as in `load_btf`.
    let part = unsafe { &mut attr.__bindgen_anon_2 };
    part.map_fd = raw(map);
    part.key = std::ptr::from_ref(&key) as u64;
    part.__bindgen_anon_1.value = data.as_ptr() as u64;
    bpf(bpf_cmd::BPF_MAP_UPDATE_ELEM, &mut attr).map(drop)
}

/// Makes a map read-only for user space, so that the verifier may treat its values as constants.
pub(super) fn freeze_map(map: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr = zero_attr();
    attr.__bindgen_anon_2.map_fd = raw(map);
    bpf(bpf_cmd::BPF_MAP_FREEZE, &mut attr).map(drop)
}

/// A program for `BPF_PROG_LOAD`.
pub(super) struct Program<'a> {
    pub(super) name: &'a str,
    pub(super) kind: u32,
    pub(super) attach_type: u32,
    pub(super) attach_btf_id: u32,
    pub(super) instructions: &'a [aya_obj::generated::bpf_insn],
    pub(super) license: &'a std::ffi::CStr,
    pub(super) btf: Option<BorrowedFd<'a>>,
    pub(super) functions: (&'a [u8], usize, usize),
    pub(super) lines: (&'a [u8], usize, usize),
}

/// Loads a program. With `log`, the verifier writes there what it did.
pub(super) fn load_program(program: &Program<'_>, log: Option<&mut [u8]>) -> io::Result<OwnedFd> {
    let small = |number: usize| u32::try_from(number).map_err(|_| io::Error::other("program too large"));
    let mut attr = zero_attr();
    // SAFETY: as in `load_btf`.
    let part = unsafe { &mut attr.__bindgen_anon_3 };
    for (to, from) in part.prog_name.iter_mut().take(15).zip(program.name.bytes()) {
        *to = from.cast_signed();
    }
    part.prog_type = program.kind;
    part.expected_attach_type = program.attach_type;
    part.attach_btf_id = program.attach_btf_id;
    part.insns = program.instructions.as_ptr() as u64;
    part.insn_cnt = small(program.instructions.len())?;
    part.license = program.license.as_ptr() as u64;
    if let Some(btf) = program.btf {
        part.prog_btf_fd = raw(btf);
        part.func_info = program.functions.0.as_ptr() as u64;
        part.func_info_cnt = small(program.functions.1)?;
        part.func_info_rec_size = small(program.functions.2)?;
        part.line_info = program.lines.0.as_ptr() as u64;
        part.line_info_cnt = small(program.lines.1)?;
        part.line_info_rec_size = small(program.lines.2)?;
    }
    if let Some(log) = log {
        part.log_level = 1;
        part.log_buf = log.as_mut_ptr() as u64;
        part.log_size = small(log.len())?;
    }
    bpf_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr)
}

/// What the kernel counted of a program (`BPF_OBJ_GET_INFO_BY_FD`).
pub(super) fn program_runs(program: BorrowedFd<'_>) -> io::Result<Runs> {
    // SAFETY: `bpf_prog_info` is integers, bit fields and pointers-as-integers, for which all zeroes is a valid value.
    let mut info: bpf_prog_info = unsafe { zeroed() };
    let mut attr = zero_attr();
    attr.info.bpf_fd = raw(program);
    // An older kernel fills less and leaves zeroes.
    attr.info.info_len = u32::try_from(size_of::<bpf_prog_info>()).map_err(io::Error::other)?;
    attr.info.info = std::ptr::from_mut(&mut info) as u64;
    bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr)?;
    Ok(Runs { count: info.run_cnt, time: info.run_time_ns })
}

/// Attaches a `tp_btf` or raw tracepoint program (`BPF_RAW_TRACEPOINT_OPEN`); `name` only for the latter.
pub(super) fn open_raw_tracepoint(
    program: BorrowedFd<'_>,
    name: Option<&std::ffi::CStr>,
) -> io::Result<OwnedFd> {
    let mut attr = zero_attr();
    attr.raw_tracepoint.name = name.map_or(0, |name| name.as_ptr() as u64);
    attr.raw_tracepoint.prog_fd = raw(program);
    bpf_fd(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr)
}

/// Makes a link for an iterator, over the elements of `map` where it iterates a map.
pub(super) fn link_iterator(
    program: BorrowedFd<'_>,
    attach_type: u32,
    map: Option<BorrowedFd<'_>>,
) -> io::Result<OwnedFd> {
    // `union bpf_iter_link_info`: its first member is the map's descriptor.
    let info = [map.map_or(0, raw), 0, 0, 0];
    let mut attr = zero_attr();
    attr.link_create.__bindgen_anon_1.prog_fd = raw(program);
    attr.link_create.attach_type = attach_type;
    if map.is_some() {
        attr.link_create.__bindgen_anon_3.__bindgen_anon_1.iter_info = info.as_ptr() as u64;
        attr.link_create.__bindgen_anon_3.__bindgen_anon_1.iter_info_len = 16;
    }
    bpf_fd(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// Starts one pass of an iterator; reading the descriptor to its end runs it.
pub(super) fn create_iterator(link: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let mut attr = zero_attr();
    attr.iter_create.link_fd = raw(link);
    bpf_fd(bpf_cmd::BPF_ITER_CREATE, &mut attr)
}
