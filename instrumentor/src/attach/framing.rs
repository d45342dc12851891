//! protocols -> the framings the kernel captures by
//!
//! They are numbered from 1 in the order of the protocols that have one.

use underspan_ebpf::{Bare, Framing, Keep, Signature};
use underspan_protocols::REGISTRY;
use underspan_protocols::decoder::Protocol;
use underspan_protocols::framing as declared;
use underspan_protocols::message::Direction;

/// All of them.
pub fn all() -> Vec<Framing> {
    REGISTRY.iter().filter_map(|protocol| protocol.framing()).map(translate).collect()
}

/// The number of a protocol's; `None` when it has none.
pub fn number_of(protocol: &dyn Protocol) -> Option<u32> {
    let framed = REGISTRY.iter().filter(|protocol| protocol.framing().is_some());
    (1..).zip(framed).find(|(_, other)| other.name() == protocol.name()).map(|(number, _)| number)
}

fn translate(framing: &declared::Framing) -> Framing {
    let kinds = |direction| {
        let keep = |kind| match (framing.keep)(direction, kind) {
            declared::Keep::Body(bytes) => Keep::Body(bytes),
            declared::Keep::Silent => Keep::Silent,
            declared::Keep::Invalid => Keep::Invalid,
        };
        let mut all = [Keep::Invalid; 256];
        (0..=u8::MAX).zip(&mut all).for_each(|(kind, kept)| *kept = keep(kind));
        all
    };
    let mut opens = [false; 256];
    framing.opens.iter().for_each(|kind| opens[usize::from(*kind)] = true);
    let signature = |known: &declared::Signature| Signature { bytes: known.bytes, mask: known.mask };
    Framing {
        keep: [kinds(Direction::Request), kinds(Direction::Response)],
        opens,
        signatures: framing.signatures.iter().map(signature).collect(),
        midway: framing.midway.iter().map(signature).collect(),
        response_first: framing.speaks_first == Direction::Response,
        runs: framing.runs,
        preface: framing.preface,
        header: framing.header,
        length_at: framing.length_at,
        length_size: framing.length_size,
        length_counts: framing.length_counts,
        big_endian: framing.big_endian,
        longest: framing.longest,
        kind_at: framing.kind_at,
        bare: framing.bare.map(|bare| Bare {
            header: framing.length_size,
            first: bare.first,
            keep: bare.keep,
            answered: bare.answered,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_protocols_that_have_a_framing() {
        let protocols: Vec<_> = REGISTRY.iter().filter(|protocol| protocol.framing().is_some()).collect();
        assert_eq!(protocols.len(), all().len());
        for (number, protocol) in (1..).zip(protocols) {
            assert_eq!(number_of(*protocol), Some(number));
        }
        assert_eq!(number_of(&underspan_protocols::http1::Http1), None);
    }

    #[test]
    fn each_is_sound() {
        for framing in all() {
            assert_eq!(framing.check(), Ok(()));
        }
    }
}
