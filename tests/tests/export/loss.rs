//! What cannot be delivered is counted, by reason; nothing else is lost.
use std::time::Duration;

use tonic::Code;
use underspan::export::{
    Batch, DropReason, Limits, Signal,
    otlp::Protocol::{Grpc, HttpJson, HttpProtobuf},
};
use underspan_tests::receiver::{Answer, Receiver, Script};

use crate::support::{ONCE, PATIENCE, assert_lost, batch, send, settings, start, traces};

#[test]
fn partial_success_is_never_tried_again() {
    for protocol in [HttpProtobuf, HttpJson, Grpc] {
        let answer = Answer::Partial { rejected: 2, message: "no room" };
        let (receiver, totals) = send(Script::of([answer]), protocol, 1, |_| {});
        assert_eq!(receiver.requests().len(), 1, "{protocol:?}");
        assert_eq!(totals.exported, 1, "{protocol:?}");
        assert_lost(&totals, DropReason::Rejected, 2, &format!("{protocol:?}"));

        let answer = Answer::Partial { rejected: 0, message: "a warning" };
        let (_, totals) = send(Script::of([answer]), protocol, 1, |_| {});
        assert_eq!(totals.exported, 3, "{protocol:?}");

        let answer = Answer::Partial { rejected: 50, message: "more than there were" };
        let (_, totals) = send(Script::of([answer]), protocol, 1, |_| {});
        assert_lost(&totals, DropReason::Rejected, 3, &format!("{protocol:?}"));
    }
}

#[test]
fn no_answer_is_a_timeout() {
    for protocol in [HttpProtobuf, Grpc] {
        let change = |options: &mut underspan::export::otlp::env::Options| {
            options.retry = ONCE;
            options.timeout = Some(Duration::from_millis(500));
        };
        let (receiver, totals) = send(Script::of([Answer::Hang]), protocol, 2, change);
        assert_lost(&totals, DropReason::Timeout, 3, &format!("{protocol:?}"));
        assert_eq!(receiver.spans().len(), 3, "{protocol:?}: the next batch is not held up");
    }
}

#[test]
fn a_timeout_is_tried_again() {
    for protocol in [HttpProtobuf, Grpc] {
        let change = |options: &mut underspan::export::otlp::env::Options| {
            options.timeout = Some(Duration::from_millis(500));
        };
        let (receiver, totals) = send(Script::of([Answer::Hang]), protocol, 1, change);
        assert_eq!((totals.exported, totals.retries), (3, 1), "{protocol:?}");
        assert_eq!(receiver.spans().len(), 3, "{protocol:?}");
    }
}

#[test]
fn retries_end() {
    let unavailable = [
        (HttpProtobuf, Answer::status(503)),
        (HttpProtobuf, Answer::Close),
        (Grpc, Answer::grpc(Code::Unavailable)),
        (Grpc, Answer::Close),
    ];
    for (protocol, answer) in unavailable {
        let context = format!("{protocol:?} {answer:?}");
        let (_, totals) = send(Script::of([answer]), protocol, 1, |options| options.retry = ONCE);
        assert_lost(&totals, DropReason::Unavailable, 3, &context);
    }
}

#[test]
fn a_full_queue_drops_the_oldest() {
    let receiver = Receiver::start(Script::of([Answer::Hang])).unwrap();
    let pipeline = start(settings(&receiver.http_endpoint(), HttpProtobuf, |options| {
        options.queue = Limits { items: 10, bytes: 1 << 20 };
        options.timeout = Some(Duration::from_secs(2));
        options.retry = ONCE;
    }));
    let sender = pipeline.sender();
    sender.send(&batch(1));
    receiver.wait_for_requests(1); // the first batch is on its way, and stays there
    for spans in 1..=9 {
        sender.send(&batch(spans));
    }
    // Of 1, 2, … 9 only the last fits beside nothing else: 8 + 9 > 10.
    let totals = traces(&sender.totals());
    assert_eq!(totals.dropped(DropReason::QueueFull), 36);
    let totals = traces(&pipeline.shutdown(PATIENCE));
    assert_eq!(totals.pushed, 46);
    assert_eq!((totals.exported, totals.dropped(DropReason::Timeout)), (9, 1));
    assert_eq!(totals.lost(), 37);
    assert_eq!(receiver.spans().len(), 9);
}

#[test]
fn batches_that_are_too_large() {
    let whole = batch(100);
    let receiver = Receiver::start(Script::ok()).unwrap();
    let pipeline = start(settings(&receiver.http_endpoint(), HttpProtobuf, |options| {
        options.queue = Limits { items: 1000, bytes: 65 << 20 };
    }));
    let large = |bytes| Batch { signal: Signal::Traces, body: vec![0; bytes].into(), items: 5 };
    pipeline.sender().send(&large((65 << 20) + 1)); // than the queue
    pipeline.sender().send(&large((64 << 20) + 1)); // than a request may be
    pipeline.sender().send(&whole);
    let totals = traces(&pipeline.shutdown(PATIENCE));
    assert_lost(&totals, DropReason::TooLarge, 10, "too large");
    assert_eq!(totals.exported, 100);
    assert_eq!(receiver.requests().len(), 1);
}

#[test]
fn a_response_that_is_too_large_is_not_tried_again() {
    for protocol in [HttpProtobuf, Grpc] {
        let (receiver, totals) = send(Script::of([Answer::Large(5 << 20)]), protocol, 1, |_| {});
        assert_eq!(receiver.requests().len(), 1, "{protocol:?}");
        assert_lost(&totals, DropReason::Rejected, 3, &format!("{protocol:?}"));
    }
}

#[test]
fn what_is_left_at_the_end_is_counted() {
    for answer in [Answer::Hang, Answer::status(503)] {
        let receiver = Receiver::start(Script::repeat(&answer, 100_000)).unwrap();
        let pipeline = start(settings(&receiver.http_endpoint(), HttpProtobuf, |_| {}));
        let sender = pipeline.sender();
        for _ in 0..4 {
            sender.send(&batch(3));
        }
        receiver.wait_for_requests(1);
        let totals = traces(&pipeline.shutdown(Duration::from_millis(100)));
        assert_lost(&totals, DropReason::Shutdown, 12, &format!("{answer:?}"));
        sender.send(&batch(3));
        let totals = traces(&sender.totals());
        assert_lost(&totals, DropReason::Shutdown, 15, "handed over after the end");
    }
}

#[test]
fn whatever_the_receiver_does_everything_is_accounted_for() {
    for seed in 0..12 {
        let mut random = fastrand::Rng::with_seed(seed);
        let answers: Vec<_> = (0..30)
            .map(|_| match random.u8(0..9) {
                0 => Answer::status(503),
                1 => Answer::status(400),
                2 => Answer::Partial { rejected: 1, message: "one" },
                3 => Answer::Close,
                4 => Answer::grpc(Code::Unavailable),
                5 => Answer::grpc(Code::InvalidArgument),
                6 => Answer::Large(5 << 20),
                _ => Answer::Ok,
            })
            .collect();
        let protocol = if seed % 2 == 0 { HttpProtobuf } else { Grpc };
        // `send` checks the equation; what is retried ends well because the script does.
        let (_, totals) = send(Script::of(answers), protocol, 20, |_| {});
        assert_eq!(totals.lost(), totals.dropped(DropReason::Rejected), "seed {seed}: {totals:?}");
    }
}
