//! Whether both sides agree, by the type information of the compiled object.

use std::mem::{offset_of, size_of};

use aya_obj::btf::BtfKind;

use super::*;

/// Size of a struct of the object, and the offsets of its members, both in bytes.
fn layout(name: &str) -> (usize, Vec<u32>) {
    let object = aya_obj::Object::parse(crate::object::bytes::<()>()).expect("the object parses");
    let btf = object.btf.as_ref().expect("the object has BTF");
    let id = btf.id_by_type_name_kind(name, BtfKind::Struct).expect("the struct is in the object");
    members(&btf.to_bytes(), id)
}

/// Walks raw BTF (Documentation/bpf/btf.rst) to type `id`, which must be a struct.
fn members(btf: &[u8], id: u32) -> (usize, Vec<u32>) {
    let word = |at: usize| u32::from_le_bytes(btf[at..at + 4].try_into().expect("four bytes"));
    let mut at = word(4) as usize + word(8) as usize;
    for current in 1..=id {
        let info = word(at + 4);
        let (kind, count) = ((info >> 24) & 0x1f, (info & 0xffff) as usize);
        if current == id {
            let offsets = (0..count).map(|index| word(at + 12 + index * 12 + 8) / 8).collect();
            return (word(at + 8) as usize, offsets);
        }
        at += 12
            + match kind {
                1 | 14 | 17 => 4,
                3 => 12,
                4 | 5 | 15 | 19 => 12 * count,
                6 | 13 => 8 * count,
                _ => 0,
            };
    }
    unreachable!("the id came from the same BTF");
}

macro_rules! same {
    ($kernel:literal, $rust:ty, $($field:ident),*) => {
        assert_eq!(
            layout($kernel),
            (size_of::<$rust>(), vec![$(u32::try_from(offset_of!($rust, $field)).expect("small")),*]),
            $kernel
        );
    };
}

#[test]
fn both_sides_agree() {
    same!("us_header", Header, kind, flags, size, sequence, time, conn);
    same!(
        "us_data", RawData, header, entered, offset, length, tgid, tid, seq, peer_seq, exchange, lost, other,
        other_last, before
    );
    same!("us_run", RawRun, header, offset, tgid, tid, exchange, lost);
    same!("us_conn", RawConn, header, tgid, netns, family, local_port, remote_port, role, pad, local, remote);
    same!("us_end", RawEnd, header, received, sent, exchange, lost);
    same!("us_process", RawProcess, header, tgid, parent, start, comm);
    same!("us_target", Target, since, calls, hits, steps, resumed, paused, go);
    same!(
        "us_control",
        Control,
        deadline,
        resumed,
        request_budget,
        response_budget,
        wake_bytes,
        sleeping,
        announce_execs,
        pad
    );
    assert_eq!(layout("us_counters").0, crate::counters::SET);
    same!("us_verdict", RawVerdict, ignore, framing);
    same!("us_signature", RawSignature, bytes, mask, framing, answer, preface, midway, pad);
    same!("us_signatures", RawSignatures, all);
    same!(
        "us_framing",
        RawFraming,
        keep,
        opens,
        longest,
        bare_answered,
        bare_keep,
        flags,
        header,
        length_at,
        length_size,
        length_counts,
        kind_at,
        bare_header,
        bare_first,
        pad
    );
    same!("us_usdt_argument", RawUsdtArgument, value, kind, base, index, shape);
    same!("us_usdt_spec", RawUsdtSpec, arguments, wide);
    same!("us_canary", RawCanary, hits, sums);
    same!(
        "us_mark", RawMark, action, slot, flags, first, numbers, chooser, unless, closes, text, length,
        width, sign, pad
    );
    same!("us_counted", RawCounted, tgid, mark);
    same!("us_moment", RawMoment, header, begun, tgid, tid, mark, text_size, pad, numbers, ending, text);
    same!("us_stream", RawStream, header, tgid, tid, stream, writer);
    same!("us_query", RawQuery, header, goroutine, tgid, tid, length, system, operation, pad);
    same!("us_result", RawResult, header, goroutine, tgid, pad);
    same!("us_life", RawLife, header, tgid, tid, creator, pad, made, ended);
    same!("us_sums", RawSums, header, tgid, tid, mark, pad, time, count);
}
