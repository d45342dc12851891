//! A real client and server, joined anywhere.

use std::collections::BTreeMap;

use bytes::Bytes;
use fastrand::Rng;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use underspan_protocols::message::Direction;

use crate::peers::{Segment, Truth};
use crate::truth::{check, check_all, chunk, new_decoder};

/// Requests on one connection, all under way at once.
const REQUESTS: u32 = 200;

/// What passed between the two, as it passed, and what was said.
async fn record() -> (Vec<Segment>, BTreeMap<u32, Truth>) {
    let (near, client_end) = duplex(1 << 16);
    let (far, server_end) = duplex(1 << 16);
    let (sender, mut receiver) = unbounded_channel();
    let tap = tokio::spawn(tap(client_end, far, sender));
    let server = tokio::spawn(serve(server_end));
    let truths = ask(near).await;
    server.await.expect("the server ends by itself");
    tap.await.expect("the tap ends with its ends");
    let mut segments = Vec::new();
    while let Ok(segment) = receiver.try_recv() {
        segments.push(segment);
    }
    (segments, truths)
}

/// Carries bytes both ways and keeps them.
async fn tap(client: DuplexStream, server: DuplexStream, to: UnboundedSender<Segment>) {
    let (client_reads, client_writes) = tokio::io::split(client);
    let (server_reads, server_writes) = tokio::io::split(server);
    tokio::join!(
        carry(client_reads, server_writes, Direction::Request, &to),
        carry(server_reads, client_writes, Direction::Response, &to),
    );
}

async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut into: impl AsyncWrite + Unpin,
    direction: Direction,
    to: &UnboundedSender<Segment>,
) {
    let mut buffer = [0; 2000];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer[..count].to_vec();
        to.send(Segment { direction, bytes, content: false }).expect("somebody keeps them");
        if into.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
    // The other side may have gone.
    _ = into.shutdown().await;
}

/// Answers with the status that the request asks for, and its body.
async fn serve(stream: DuplexStream) {
    let mut connection = h2::server::handshake(stream).await.expect("both speak HTTP/2");
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let status: u16 = request.headers()["x-status"].to_str().unwrap().parse().unwrap();
            let mut body = request.into_body();
            let mut size = 0;
            while let Some(Ok(bytes)) = body.data().await {
                size += bytes.len();
                _ = body.flow_control().release_capacity(bytes.len());
            }
            let response = http::Response::builder().status(status).header("x-size", size);
            let mut stream = respond.send_response(response.body(()).unwrap(), false).unwrap();
            stream.send_data(Bytes::from(vec![b'r'; size]), true).unwrap();
        });
    }
}

async fn ask(stream: DuplexStream) -> BTreeMap<u32, Truth> {
    let (sender, connection) = h2::client::handshake(stream).await.expect("both speak HTTP/2");
    let driver = tokio::spawn(connection);
    let mut random = Rng::with_seed(8);
    let mut truths = BTreeMap::new();
    let mut answers = Vec::new();
    let mut sender = sender.ready().await.unwrap();
    for number in 0..REQUESTS {
        let id = 2 * number + 1;
        let method = ["GET", "POST", "DELETE", "PATCH"][random.usize(..4)];
        let status = [200, 204, 302, 404, 418, 500, 503][random.usize(..7)];
        let path = format!("/items/{}?number={number}", random.u8(..5));
        let body = if method == "POST" { random.usize(1..3000) } else { 0 };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://host{}.example:81{path}", random.u8(..3)))
            .header("traceparent", format!("00-000102030405060708090a0b0c0d0e0f-{id:016x}-01"))
            .header("user-agent", format!("peer/{}", random.u8(..3)))
            .header("x-status", status)
            .header("x-some", "y".repeat(random.usize(..60)));
        let (answer, mut content) = sender.send_request(request.body(()).unwrap(), body == 0).unwrap();
        if body > 0 {
            content.send_data(Bytes::from(vec![b'q'; body]), true).unwrap();
        }
        answers.push(answer);
        let size = body as u64;
        truths.insert(id, Truth { method, path, status: status.into(), request: size, response: size });
        sender = sender.ready().await.unwrap();
    }
    for answer in answers {
        let mut body = answer.await.unwrap().into_body();
        while let Some(Ok(bytes)) = body.data().await {
            _ = body.flow_control().release_capacity(bytes.len());
        }
    }
    drop(sender);
    driver.await.unwrap().expect("the connection ends well");
    truths
}

#[tokio::test]
async fn joined_anywhere_nothing_is_wrong() {
    let (segments, truths) = record().await;
    let play = |from: usize, start: usize| {
        let mut decoder = new_decoder();
        let mut events = Vec::new();
        for (index, Segment { direction, bytes, .. }) in segments.iter().enumerate().skip(from) {
            let start = if index == from { start.min(bytes.len()) } else { 0 };
            decoder.feed(&chunk(*direction, &bytes[start..]), &mut events);
        }
        decoder.end(None, 0, &mut events);
        events
    };
    check_all(&play(0, 0), &truths);
    let mut random = Rng::with_seed(9);
    let mut ended = 0;
    for from in 1..segments.len() {
        for start in [0, random.usize(..2000)] {
            ended += check(&play(from, start), &truths).ended;
        }
    }
    assert!(ended > u64::from(REQUESTS), "{ended} exchanges after the join");
}
