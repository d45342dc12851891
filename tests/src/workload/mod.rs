//! a plan -> requests on the wire, every one of them known
//!
//! Servers and clients that a test starts and traces. Nothing is dropped: whoever makes requests says how many were answered
//! and which were not.

pub mod backend;
pub mod certificate;
pub mod dialogue;
pub mod gated;
pub mod go;
pub mod grpc;
pub mod h2load;
pub mod http;
pub mod java;
pub mod load;
pub mod mariadb;
pub mod nginx;
pub mod postgres;
pub mod process;
pub mod scale;
pub mod script;
pub mod shop;
pub mod specimen;
pub mod wrk;

pub use backend::Backend;
pub use dialogue::Dialogue;
pub use gated::Gated;
pub use h2load::H2Load;
pub use load::{Load, Report};
pub use mariadb::MariaDb;
pub use nginx::Nginx;
pub use postgres::Postgres;
pub use process::Process;
pub use script::Script;
pub use shop::Shop;
pub use specimen::Specimen;
pub use wrk::Wrk;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// An address on loopback that nobody listened on a moment ago.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports");
    listener.local_addr().expect("a bound socket has an address")
}
