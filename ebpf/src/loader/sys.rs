//! The bpf(2) commands for which `aya` has no public function, and `perf_event_open(2)`.

use std::ffi::CStr;
use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use aya_obj::generated::{
    PERF_FLAG_FD_CLOEXEC, bpf_attach_type, bpf_attr, bpf_cmd, bpf_insn, bpf_link_info, bpf_link_type,
    bpf_perf_event_type, bpf_prog_info, bpf_stats_type, perf_event_attr,
};

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
    pub(super) instructions: &'a [bpf_insn],
    pub(super) license: &'a CStr,
    pub(super) btf: Option<BorrowedFd<'a>>,
    pub(super) functions: (&'a [u8], usize, usize),
    pub(super) lines: (&'a [u8], usize, usize),
}

/// `return 0`: `BPF_ALU64 | BPF_MOV | BPF_K` and `BPF_JMP | BPF_EXIT` of `include/uapi/linux/bpf_common.h`.
pub(super) const NOTHING: [bpf_insn; 2] = [instruction(0xb7), instruction(0x95)];

const fn instruction(code: u8) -> bpf_insn {
    // SAFETY: an instruction is made of integers, for which all zeroes is a valid value.
    let nothing: bpf_insn = unsafe { zeroed() };
    bpf_insn { code, ..nothing }
}

/// Has the verifier write why it refuses, and statistics, but not each instruction (kernel/bpf/verifier.c, `BPF_LOG_STATS`).
const LOG_STATISTICS: u32 = 4;

/// Loads a program. With `log`, the verifier writes there why it refuses it.
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
        part.log_level = LOG_STATISTICS;
        part.log_buf = log.as_mut_ptr() as u64;
        part.log_size = small(log.len())?;
    }
    bpf_fd(bpf_cmd::BPF_PROG_LOAD, &mut attr)
}

/// What the kernel counted of a program.
pub(super) fn program_runs(program: BorrowedFd<'_>) -> io::Result<Runs> {
    let info = program_info(program)?;
    Ok(Runs { count: info.run_cnt, time: info.run_time_ns })
}

/// Has the kernel count runs of programs until the descriptor is closed (`BPF_ENABLE_STATS`).
pub(crate) fn enable_statistics() -> io::Result<OwnedFd> {
    let mut attr = zero_attr();
    attr.enable_stats.type_ = bpf_stats_type::BPF_STATS_RUN_TIME as u32;
    bpf_fd(bpf_cmd::BPF_ENABLE_STATS, &mut attr)
}

/// Attaches a `tp_btf` or raw tracepoint program (`BPF_RAW_TRACEPOINT_OPEN`); `name` only for the latter.
pub(super) fn open_raw_tracepoint(program: BorrowedFd<'_>, name: Option<&CStr>) -> io::Result<OwnedFd> {
    let mut attr = zero_attr();
    attr.raw_tracepoint.name = name.map_or(0, |name| name.as_ptr() as u64);
    attr.raw_tracepoint.prog_fd = raw(program);
    bpf_fd(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr)
}

/// What an iterator visits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Visit<'a> {
    /// Every object of its kind.
    All,
    /// The elements of a map.
    Map(BorrowedFd<'a>),
    /// What belongs to one process (Linux 6.1).
    Process(u32),
}

/// Makes a link for an iterator.
pub(super) fn link_iterator(
    program: BorrowedFd<'_>,
    attach_type: u32,
    visit: Visit<'_>,
) -> io::Result<OwnedFd> {
    // `union bpf_iter_link_info`: of a map, its descriptor; of tasks, a thread or else a process.
    let info = match visit {
        Visit::All => [0; 4],
        Visit::Map(map) => [raw(map), 0, 0, 0],
        Visit::Process(pid) => [0, pid, 0, 0],
    };
    let mut attr = zero_attr();
    attr.link_create.__bindgen_anon_1.prog_fd = raw(program);
    attr.link_create.attach_type = attach_type;
    if !matches!(visit, Visit::All) {
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

/// Opens an event of the `kprobe` unit at a kernel function, on all CPUs and for all processes.
pub(super) fn open_kprobe_event(unit: u32, config: u64, function: &CStr) -> io::Result<OwnedFd> {
    // SAFETY: `perf_event_attr` is made of integers and unions of integers, for which all zeroes is a valid value.
    let mut attr: perf_event_attr = unsafe { zeroed() };
    attr.type_ = unit;
    attr.size = size_of::<perf_event_attr>().try_into().map_err(io::Error::other)?;
    attr.config = config;
    attr.__bindgen_anon_3.kprobe_func = function.as_ptr() as u64;
    let (any_process, any_cpu, no_group): (libc::pid_t, libc::c_int, libc::c_int) = (-1, 0, -1);
    // SAFETY: `attr` is whole and initialised, and outlives the call, as does the name it points to.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attr,
            any_process,
            any_cpu,
            no_group,
            libc::c_ulong::from(PERF_FLAG_FD_CLOEXEC),
        )
    };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    let fd =
        i32::try_from(fd).map_err(|_| io::Error::other("perf_event_open() returned an impossible value"))?;
    // SAFETY: the kernel just returned this descriptor to us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// What `uprobe_multi` wants: places of one program in one file.
pub(super) struct Uprobes<'a> {
    pub(super) path: &'a CStr,
    pub(super) offsets: &'a [u64],
    /// As many as there are offsets, or none.
    pub(super) semaphores: &'a [u64],
    /// As many as there are offsets, or none.
    pub(super) cookies: &'a [u64],
    pub(super) at_return: bool,
    /// 0 for every process.
    pub(super) pid: u32,
}

/// Attaches a program to many places at once (`BPF_TRACE_UPROBE_MULTI`, Linux 6.6).
pub(super) fn link_uprobes(program: BorrowedFd<'_>, uprobes: &Uprobes<'_>) -> io::Result<OwnedFd> {
    let array = |values: &[u64]| if values.is_empty() { 0 } else { values.as_ptr() as u64 };
    let mut attr = zero_attr();
    // SAFETY: as in `load_btf`.
    let part = unsafe { &mut attr.link_create };
    part.__bindgen_anon_1.prog_fd = raw(program);
    part.attach_type = bpf_attach_type::BPF_TRACE_UPROBE_MULTI as u32;
    // SAFETY: as in `load_btf`.
    let multi = unsafe { &mut part.__bindgen_anon_3.uprobe_multi };
    multi.path = uprobes.path.as_ptr() as u64;
    multi.offsets = array(uprobes.offsets);
    multi.ref_ctr_offsets = array(uprobes.semaphores);
    multi.cookies = array(uprobes.cookies);
    multi.cnt =
        u32::try_from(uprobes.offsets.len()).map_err(|_| io::Error::other("too many probes at once"))?;
    multi.flags = u32::from(uprobes.at_return); // BPF_F_UPROBE_MULTI_RETURN
    multi.pid = uprobes.pid;
    bpf_fd(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// Opens the perf event of one probe in user space. `config` holds what the kernel's `format` files say. Without `pid`: every process.
pub(super) fn open_uprobe_event(
    kind: u32,
    config: u64,
    path: &CStr,
    offset: u64,
    pid: Option<u32>,
) -> io::Result<OwnedFd> {
    // SAFETY: a struct and unions of integers, for which all zeroes is a valid value.
    let mut attr: perf_event_attr = unsafe { zeroed() };
    attr.type_ = kind;
    // Fits: a compile-time size of some hundred bytes.
    attr.size = u32::try_from(size_of::<perf_event_attr>()).unwrap_or(0);
    attr.config = config;
    attr.__bindgen_anon_3.config1 = path.as_ptr() as u64;
    attr.__bindgen_anon_4.config2 = offset;
    // Programs run on every processor whatever is given here, but the kernel wants one of the two.
    let (pid, cpu) = pid.map_or((-1, 0), |pid| (pid.cast_signed(), -1));
    // SAFETY: `attr` and the path in it live during the call.
    let fd = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attr,
            pid,
            cpu,
            -1,
            libc::c_ulong::from(PERF_FLAG_FD_CLOEXEC),
        )
    };
    let fd = i32::try_from(fd).map_err(|_| io::Error::other("impossible file descriptor"))?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just returned this descriptor to us; nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Ties a program to a perf event for as long as the event is open, and lets it begin.
pub(super) fn tie_to_perf_event(program: BorrowedFd<'_>, event: BorrowedFd<'_>) -> io::Result<()> {
    give_event(program, event)?;
    // SAFETY: takes nothing, and `event` is an open descriptor.
    if unsafe { libc::ioctl(event.as_raw_fd(), PERF_EVENT_IOC_ENABLE, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// `_IO('$', 0)` of `include/uapi/linux/perf_event.h`, as `x86_64` and aarch64 number it.
const PERF_EVENT_IOC_ENABLE: libc::c_ulong = 0x2400;

/// How often a program was to run and did not, since it was running already (5.12 and later; else 0).
pub(super) fn program_misses(program: BorrowedFd<'_>) -> io::Result<u64> {
    program_info(program).map(|info| info.recursion_misses)
}

fn program_info(program: BorrowedFd<'_>) -> io::Result<bpf_prog_info> {
    // SAFETY: `bpf_prog_info` is integers, bit fields and pointers-as-integers, for which all zeroes is a valid value.
    let mut info: bpf_prog_info = unsafe { zeroed() };
    object_info(program, &mut info)?;
    Ok(info)
}

/// How often a link to a kprobe was passed without its program being asked (6.7 and later; else 0).
pub(super) fn link_misses(link: BorrowedFd<'_>) -> io::Result<u64> {
    // SAFETY: `bpf_link_info` is integers and unions of them, for which all zeroes is a valid value.
    let mut info: bpf_link_info = unsafe { zeroed() };
    object_info(link, &mut info)?;
    if info.type_ != bpf_link_type::BPF_LINK_TYPE_PERF_EVENT as u32 {
        return Ok(0);
    }
    // SAFETY: unions of plain integers, all of which are initialised; the kernel says above and here which is meant.
    let perf = unsafe { info.__bindgen_anon_1.perf_event };
    let kprobes = [bpf_perf_event_type::BPF_PERF_EVENT_KPROBE, bpf_perf_event_type::BPF_PERF_EVENT_KRETPROBE];
    if !kprobes.iter().any(|kind| *kind as u32 == perf.type_) {
        return Ok(0);
    }
    // SAFETY: as above.
    Ok(unsafe { perf.__bindgen_anon_1.kprobe.missed })
}

/// Asks what the kernel knows of a BPF object (`BPF_OBJ_GET_INFO_BY_FD`); older kernels fill less of `info`.
fn object_info<T>(object: BorrowedFd<'_>, info: &mut T) -> io::Result<()> {
    let mut attr = zero_attr();
    attr.info.bpf_fd = raw(object);
    attr.info.info_len = size_of::<T>().try_into().map_err(io::Error::other)?;
    attr.info.info = std::ptr::from_mut(info) as u64;
    bpf(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr).map(drop)
}

/// Attaches a program to a perf event, by a link (Linux 5.15).
pub(super) fn link_event(program: BorrowedFd<'_>, event: BorrowedFd<'_>, cookie: u64) -> io::Result<OwnedFd> {
    let mut attr = zero_attr();
    // SAFETY: as in `load_btf`.
    let part = unsafe { &mut attr.link_create };
    part.__bindgen_anon_1.prog_fd = raw(program);
    part.__bindgen_anon_2.target_fd = raw(event);
    part.attach_type = bpf_attach_type::BPF_PERF_EVENT as u32;
    part.__bindgen_anon_3.perf_event.bpf_cookie = cookie;
    bpf_fd(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// The same before there were such links; the event alone holds the program then.
pub(super) fn give_event(program: BorrowedFd<'_>, event: BorrowedFd<'_>) -> io::Result<()> {
    // _IOW('$', 8, __u32)
    const PERF_EVENT_IOC_SET_BPF: libc::c_ulong = 0x4004_2408;
    // SAFETY: takes a descriptor by value.
    if unsafe { libc::ioctl(event.as_raw_fd(), PERF_EVENT_IOC_SET_BPF, program.as_raw_fd()) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
