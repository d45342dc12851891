//! nginx as Debian ships it, with a configuration of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tempfile::TempDir;

use super::certificate;
use super::http::Connection;
use super::process::{Process, children, eventually};

/// Worker processes.
const WORKERS: usize = 2;

/// A running nginx that answers every path with `200`, and `/file/…` from [`Nginx::files`].
#[derive(Debug)]
pub struct Nginx {
    process: Process,
    address: SocketAddr,
    prefix: TempDir,
    tls: bool,
}

impl Nginx {
    /// Starts it and waits for its workers. `log`: whether to write an access log, one line per request.
    pub fn start(log: bool) -> Self {
        Self::start_with(log, "", |_| ())
    }

    /// The same with HTTP/2, and nothing else, without TLS.
    pub fn start_h2c(log: bool) -> Self {
        Self::start_with(log, "http2", |_| ())
    }

    /// The same over TLS, with a certificate of its own that nobody knows.
    pub fn start_tls(log: bool) -> Self {
        Self::start_with(log, "ssl", |prefix| {
            certificate::write(prefix);
        })
    }

    /// The same with HTTP/2 for whoever asks for it in the handshake.
    pub fn start_h2(log: bool) -> Self {
        Self::start_with(log, "ssl http2", |prefix| {
            certificate::write(prefix);
        })
    }

    fn start_with(log: bool, options: &str, prepare: impl Fn(&Path)) -> Self {
        let prefix = tempfile::tempdir().expect("a temporary directory");
        prepare(prefix.path());
        let address = super::free_address();
        fs::create_dir(prefix.path().join("file")).expect("own directory");
        let file = prefix.path().join("nginx.conf");
        fs::write(&file, configuration(prefix.path(), address, options, log)).expect("own directory");
        let child = Command::new("nginx")
            .arg("-p")
            .arg(prefix.path())
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(prefix.path().join("error.log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is installed");
        let nginx = Self { process: Process::new(child), address, prefix, tls: options.starts_with("ssl") };
        eventually("nginx answers", || {
            let mut answers = |mut connection: Connection| {
                options == "http2" || connection.get("/up", "Connection: close\r\n").is_ok()
            };
            nginx.workers().len() == WORKERS && Connection::open(address).is_ok_and(&mut answers)
        });
        nginx
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// It speaks TLS.
    pub fn is_encrypted(&self) -> bool {
        self.tls
    }

    /// Master and workers.
    pub fn pids(&self) -> Vec<u32> {
        let mut pids = self.workers();
        pids.push(self.process.pid());
        pids
    }

    /// The processes that serve.
    pub fn workers(&self) -> Vec<u32> {
        children(self.process.pid())
    }

    /// Directory served below `/file/`.
    pub fn files(&self) -> std::path::PathBuf {
        self.prefix.path().join("file")
    }

    /// Ends it gracefully and counts the lines of its access log but the one that asked whether it is up: requests it served.
    pub fn requests(mut self) -> u64 {
        self.process.signal(Signal::QUIT);
        self.process.wait();
        let log = fs::read(self.prefix.path().join("access.log")).expect("an access log was asked for");
        let lines =
            log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"/up "));
        lines.count() as u64
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers, which SIGKILL would leave behind.
        self.process.signal(Signal::TERM);
        self.process.wait();
    }
}

fn configuration(prefix: &Path, address: SocketAddr, options: &str, log: bool) -> String {
    let prefix = prefix.display();
    let options = match options {
        "ssl" | "ssl http2" => {
            format!("{options}; ssl_certificate {prefix}/tls.pem; ssl_certificate_key {prefix}/tls.key")
        }
        _ => options.to_owned(),
    };
    let access = if log { format!("{prefix}/access.log short buffer=64k") } else { "off".to_owned() };
    format!(
        "daemon off;
master_process on;
worker_processes {WORKERS};
user root;
pid {prefix}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    log_format short '$request_uri $status';
    access_log {access};
    keepalive_requests 100000000;
    sendfile on;
    client_max_body_size 2g;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
    server {{
        listen {address} backlog=4096 {options};
        location / {{ return 200 \"ok\\n\"; }}
        location /file/ {{ root {prefix}; }}
    }}
}}
"
    )
}
