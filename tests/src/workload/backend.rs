//! A server inside the test, never traced: somebody for traced clients to call.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Answers every request with `200` and two bytes. Its threads end with the test.
#[derive(Debug)]
pub struct Backend {
    address: SocketAddr,
    served: Arc<AtomicU64>,
}

impl Backend {
    /// Listens. Each answer waits for `delay` of the path.
    pub fn start(delay: fn(&str) -> Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let served = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&served);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = Arc::clone(&counter);
                std::thread::spawn(move || serve(&stream, delay, &counter));
            }
        });
        Self { address, served }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests it has answered.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::SeqCst)
    }
}

/// Serves one connection until its end. Requests have no body.
fn serve(stream: &TcpStream, delay: fn(&str) -> Duration, served: &AtomicU64) -> Option<()> {
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    loop {
        let mut request = String::new();
        reader.read_line(&mut request).ok().filter(|length| *length > 0)?;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        }
        std::thread::sleep(delay(request.split(' ').nth(1)?));
        served.fetch_add(1, Ordering::SeqCst);
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").ok()?;
    }
}
