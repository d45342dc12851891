//! Which answers are tried again, when, and with what.
use std::{
    net::TcpListener,
    time::{Duration, SystemTime},
};

use tonic::Code;
use underspan::export::{
    DropReason,
    otlp::{
        Protocol::{Grpc, HttpProtobuf},
        env::Options,
    },
};
use underspan_tests::receiver::{Answer, Receiver, Script};

use crate::support::{PATIENCE, assert_lost, batch, send, settings, start, traces, wait_for_retry};

#[test]
fn http_statuses() {
    for code in [300, 301, 304, 400, 401, 403, 404, 405, 408, 411, 413, 415, 422, 425, 429, 431]
        .into_iter()
        .chain([500, 501, 502, 503, 504, 505, 507, 511])
    {
        let (receiver, totals) = send(Script::of([Answer::status(code)]), HttpProtobuf, 1, |_| {});
        if matches!(code, 429 | 502 | 503 | 504) {
            assert_eq!((receiver.requests().len(), receiver.spans().len()), (2, 3), "{code}");
            assert_eq!((totals.exported, totals.retries), (3, 1), "{code}");
        } else {
            assert_eq!(receiver.requests().len(), 1, "{code}");
            let reason = if code == 413 { DropReason::TooLarge } else { DropReason::Rejected };
            assert_lost(&totals, reason, 3, &code.to_string());
        }
    }
}

#[test]
fn grpc_codes() {
    use Code::{
        Aborted, AlreadyExists, Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition, Internal,
        InvalidArgument, NotFound, OutOfRange, PermissionDenied, ResourceExhausted, Unauthenticated,
        Unavailable, Unimplemented, Unknown,
    };
    for code in [Cancelled, DeadlineExceeded, Aborted, OutOfRange, Unavailable, DataLoss] {
        let (receiver, totals) = send(Script::of([Answer::grpc(code)]), Grpc, 1, |_| {});
        assert_eq!((receiver.requests().len(), receiver.spans().len()), (2, 3), "{code:?}");
        assert_eq!((totals.exported, totals.retries), (3, 1), "{code:?}");
    }
    for code in [
        Unknown,
        InvalidArgument,
        NotFound,
        AlreadyExists,
        PermissionDenied,
        ResourceExhausted,
        Unauthenticated,
        FailedPrecondition,
        Unimplemented,
        Internal,
    ] {
        let (receiver, totals) = send(Script::of([Answer::grpc(code)]), Grpc, 1, |_| {});
        assert_eq!(receiver.requests().len(), 1, "{code:?}");
        assert_lost(&totals, DropReason::Rejected, 3, &format!("{code:?}"));
    }
}

#[test]
fn http_statuses_of_a_proxy_before_a_grpc_receiver() {
    for (code, tries) in [(502, 2), (503, 2), (404, 1), (401, 1)] {
        let (receiver, _) = send(Script::of([Answer::status(code)]), Grpc, 1, |_| {});
        assert_eq!(receiver.requests().len(), tries, "{code}");
    }
}

#[test]
fn retry_info_is_obeyed_and_makes_exhaustion_transient() {
    let delay = Duration::from_millis(300);
    for code in [Code::ResourceExhausted, Code::Unavailable] {
        let answer = Answer::Grpc { code, retry_delay: Some(delay) };
        let (receiver, totals) = send(Script::of([answer]), Grpc, 1, |_| {});
        assert_eq!((totals.exported, totals.retries), (3, 1), "{code:?}");
        assert_waited(&receiver, delay);
    }
    let answer = Answer::Grpc { code: Code::InvalidArgument, retry_delay: Some(delay) };
    let (receiver, _) = send(Script::of([answer]), Grpc, 1, |_| {});
    assert_eq!(receiver.requests().len(), 1, "a delay does not make an error transient");
}

#[test]
fn retry_after_is_obeyed() {
    let answer = |value: String| Answer::Status { code: 503, retry_after: Some(value) };
    let (receiver, _) = send(Script::of([answer("1".into())]), HttpProtobuf, 1, |_| {});
    assert_waited(&receiver, Duration::from_secs(1));

    // A date has no fractions of a second: two seconds on is more than one away.
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
    let (receiver, totals) = send(Script::of([answer(date)]), HttpProtobuf, 1, |_| {});
    assert_waited(&receiver, Duration::from_millis(500));
    assert_eq!(totals.exported, 3);

    let (_, totals) = send(Script::of([answer("soon".into())]), HttpProtobuf, 1, |_| {});
    assert_eq!(totals.exported, 3, "nonsense falls back to the backoff");
}

#[test]
fn a_receiver_that_wants_to_be_left_alone_is_left_alone_by_the_next_batch_too() {
    let second = Duration::from_secs(1);
    let answer = Answer::Status { code: 429, retry_after: Some("1".into()) };
    let no_time_for_another_try = |options: &mut Options| options.retry.max_elapsed_time = second;
    let (receiver, totals) = send(Script::of([answer]), HttpProtobuf, 2, no_time_for_another_try);
    assert_lost(&totals, DropReason::Unavailable, 3, "the first batch");
    assert_waited(&receiver, Duration::from_millis(900));
    assert_eq!(totals.exported, 3);
}

#[test]
fn several_failures_lose_nothing_and_send_the_same_bytes() {
    let script = Script::of([
        Answer::status(503),
        Answer::Close,
        Answer::status(429),
        Answer::Close,
        Answer::status(504),
    ]);
    let (receiver, totals) = send(script, HttpProtobuf, 1, |_| {});
    assert_eq!((totals.exported, totals.retries), (3, 5));
    let requests = receiver.requests();
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}

#[test]
fn a_receiver_that_comes_later_or_returns_gets_everything() {
    for protocol in [HttpProtobuf, Grpc] {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let pipeline = start(settings(&format!("http://{address}"), protocol, |_| {}));
        pipeline.sender().send(&batch(3));
        wait_for_retry(&pipeline);
        let receiver = Receiver::start_at(address, Script::ok()).unwrap();
        receiver.wait_for_spans(3);
        // The answer must arrive too: without it the batch would rightly be sent again.
        while traces(&pipeline.sender().totals()).exported == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(receiver);

        let before = traces(&pipeline.sender().totals()).retries;
        pipeline.sender().send(&batch(5));
        while traces(&pipeline.sender().totals()).retries == before {
            std::thread::sleep(Duration::from_millis(1));
        }
        let receiver = Receiver::start_at(address, Script::ok()).unwrap();
        let totals = traces(&pipeline.shutdown(PATIENCE));
        assert_eq!((totals.exported, totals.lost()), (8, 0), "{protocol:?}");
        assert_eq!(receiver.spans().len(), 5, "{protocol:?}");
    }
}

fn assert_waited(receiver: &Receiver, least: Duration) {
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    let waited = requests[1].at - requests[0].at;
    assert!(waited >= least, "{waited:?} instead of {least:?}");
}
