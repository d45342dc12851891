//! https, with and without a certificate of the client, over both transports.
use underspan::export::{
    self, DropReason, Totals,
    otlp::{
        self,
        Protocol::{Grpc, HttpProtobuf},
        env::Options,
    },
};
use underspan_tests::receiver::{Authority, Receiver, Script};

use crate::support::{ONCE, PATIENCE, assert_lost, batch, settings, start, traces};

fn send(receiver: &Receiver, protocol: otlp::Protocol, change: impl FnOnce(&mut Options)) -> Totals {
    let pipeline = start(settings(&receiver.http_endpoint(), protocol, |options| {
        options.retry = ONCE;
        change(options);
    }));
    pipeline.sender().send(&batch(3));
    traces(&pipeline.shutdown(PATIENCE))
}

#[test]
fn the_authority_that_was_given_is_trusted() {
    let authority = Authority::new();
    for protocol in [HttpProtobuf, Grpc] {
        let receiver = Receiver::start_tls(Script::ok(), &authority, false).unwrap();
        let totals = send(&receiver, protocol, |options| options.certificate = Some(authority.certificate()));
        assert_eq!((totals.exported, receiver.spans().len()), (3, 3), "{protocol:?}");

        let totals = send(&receiver, protocol, |_| {});
        assert_lost(&totals, DropReason::Unavailable, 3, "the host does not know it");
        let other = Authority::new();
        let totals = send(&receiver, protocol, |options| options.certificate = Some(other.certificate()));
        assert_lost(&totals, DropReason::Unavailable, 3, "another one");
        assert_eq!(receiver.requests().len(), 1, "{protocol:?}");
    }
}

#[test]
fn a_client_proves_who_it_is() {
    let authority = Authority::new();
    for protocol in [HttpProtobuf, Grpc] {
        let receiver = Receiver::start_tls(Script::ok(), &authority, true).unwrap();
        let totals = send(&receiver, protocol, |options| options.certificate = Some(authority.certificate()));
        assert_lost(&totals, DropReason::Unavailable, 3, "no certificate");
        let totals = send(&receiver, protocol, |options| {
            options.certificate = Some(authority.certificate());
            options.client_certificate = Some(authority.client_certificate());
            options.client_key = Some(authority.client_key());
        });
        assert_eq!((totals.exported, receiver.spans().len()), (3, 3), "{protocol:?}");
    }
}

#[test]
fn files_that_cannot_be_used_are_an_error_at_the_start() {
    let authority = Authority::new();
    let open = |change: &dyn Fn(&mut Options)| {
        let otlp = settings("https://localhost:4318", HttpProtobuf, |options| change(options));
        export::open(&export::Settings { otlp: Some(otlp), stdout: None })
            .err()
            .map(|error| error.to_string())
    };
    assert_eq!(open(&|options| options.certificate = Some(authority.certificate())), None);
    let missing = open(&|options| options.certificate = Some("/nowhere/ca.pem".into())).unwrap();
    assert!(missing.contains("/nowhere/ca.pem"), "{missing}");
    let wrong = open(&|options| options.certificate = Some(authority.client_key())).unwrap();
    assert!(wrong.contains("client.key"), "{wrong}");
    let half = open(&|options| options.client_certificate = Some(authority.client_certificate())).unwrap();
    assert!(half.contains("go together"), "{half}");
}
