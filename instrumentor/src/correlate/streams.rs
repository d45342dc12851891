//! Requests of many on one connection of a Go program, whose goroutines the kernel tells of separately: that of one which is served after it,
//! that of one which is sent before.

use std::rc::Rc;

use hashbrown::HashMap;
use underspan_ebpf::{Stream, StreamOn};

use super::Mover;
use super::span::Span;

/// Requests kept of each kind. Beyond, more may miss their goroutine.
const MOST: usize = 16_384;

/// Requests and goroutines that wait for each other.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// By connection and stream: requests that are served, nobody knows by whom.
    served: HashMap<(u64, u32), Rc<Span>>,
    /// By connection: the latest that somebody serves. Another goroutine may be told of that does so, too.
    latest: HashMap<u64, (u32, Rc<Span>)>,
    /// By who writes it, and stream: for whom it is, and when that was told.
    sent: HashMap<(Mover, u32), (Mover, u64)>,
}

impl Streams {
    /// The request of a stream is served.
    pub(super) fn serves(&mut self, conn: u64, stream: u32, span: &Rc<Span>) {
        if self.served.len() < MOST {
            self.served.insert((conn, stream), Rc::clone(span));
        }
    }

    /// The kernel tells whose a request is. Gives back the one that is served.
    pub(super) fn belongs(&mut self, told: &Stream) -> Option<(Mover, Rc<Span>)> {
        let goroutine = |tid| Mover { tgid: told.tgid, tid };
        match told.on {
            StreamOn::Served(conn) => {
                if let Some(span) = self.served.remove(&(conn, told.stream)) {
                    self.latest.insert(conn, (told.stream, span));
                }
                let (_, span) = self.latest.get(&conn).filter(|(stream, _)| *stream == told.stream)?;
                Some((goroutine(told.tid), Rc::clone(span)))
            }
            StreamOn::Sent(writer) => {
                if self.sent.len() < MOST {
                    self.sent.insert((goroutine(writer), told.stream), (goroutine(told.tid), told.time));
                }
                None
            }
        }
    }

    /// For whom the request of a stream is, if somebody writes it for others.
    pub(super) fn sender(&mut self, writer: Mover, stream: u32) -> Option<Mover> {
        self.sent.remove(&(writer, stream)).map(|(mover, _)| mover)
    }

    /// Forgets what was told before `before`, kernel time, and requests that ended before.
    pub(super) fn forget(&mut self, before: u64) {
        let is_kept = |span: &Rc<Span>| span.end.get().is_none_or(|end| end >= before);
        self.served.retain(|_, span| is_kept(span));
        self.latest.retain(|_, (_, span)| is_kept(span));
        self.sent.retain(|_, (_, told)| *told >= before);
    }
}

#[cfg(test)]
mod tests {
    use super::super::span::Parent;
    use super::*;

    const TOLD: Stream = Stream { time: 50, tgid: 1, tid: 7, stream: 3, on: StreamOn::Served(9) };
    const WRITER: Mover = Mover { tgid: 1, tid: 8 };

    #[test]
    fn a_request_that_is_served_is_found_by_all_who_serve_it() {
        let mut streams = Streams::default();
        let span = Span::new(10, Parent::None);
        streams.serves(9, 3, &span);
        assert!(streams.belongs(&Stream { stream: 5, ..TOLD }).is_none(), "another stream");
        assert!(streams.belongs(&Stream { on: StreamOn::Served(8), ..TOLD }).is_none(), "another connection");
        let Some((mover, found)) = streams.belongs(&TOLD) else { panic!("it is known") };
        assert!(mover == Mover { tgid: 1, tid: 7 } && Rc::ptr_eq(&found, &span));
        let Some((mover, found)) = streams.belongs(&Stream { tid: 8, ..TOLD }) else { panic!("still") };
        assert!(mover == Mover { tgid: 1, tid: 8 } && Rc::ptr_eq(&found, &span));
        streams.serves(9, 5, &span);
        assert!(streams.belongs(&Stream { stream: 5, ..TOLD }).is_some());
        assert!(streams.belongs(&TOLD).is_none(), "the connection has gone on");
    }

    #[test]
    fn a_request_that_is_sent_is_whose_it_was_said_to_be() {
        let mut streams = Streams::default();
        assert!(streams.belongs(&Stream { on: StreamOn::Sent(WRITER.tid), ..TOLD }).is_none());
        assert_eq!(streams.sender(WRITER, 5), None);
        assert_eq!(streams.sender(Mover { tid: 9, ..WRITER }, 3), None);
        assert_eq!(streams.sender(WRITER, 3), Some(Mover { tgid: 1, tid: 7 }));
        assert_eq!(streams.sender(WRITER, 3), None);
    }

    #[test]
    fn memory_is_bounded() {
        let mut streams = Streams::default();
        for stream in (0_u32..).take(2 * MOST) {
            let span = Span::new(10, Parent::None);
            span.end.set(Some(20));
            streams.serves(1, stream, &span);
            streams.belongs(&Stream { on: StreamOn::Sent(WRITER.tid), stream, ..TOLD });
        }
        assert_eq!((streams.served.len(), streams.sent.len()), (MOST, MOST));
        streams.forget(60);
        assert!(streams.served.is_empty() && streams.latest.is_empty() && streams.sent.is_empty());
    }
}
