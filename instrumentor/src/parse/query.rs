//! a query to a database within a process, as the kernel tells -> what it asks for

use underspan_ebpf::{Operation, Query, System};
use underspan_protocols::sql::embedded;

use crate::correlate::{Asked, Mover};

/// What a query asks for. No value will be longer than `limit` bytes.
pub fn query(query: &Query<'_>, limit: usize) -> Asked {
    let system = match query.system {
        System::Sqlite => embedded::System::Sqlite,
    };
    let text = match query.operation {
        Operation::Text | Operation::Prepare => query.text.filter(|text| !text.contains(&0)),
        Operation::Begin => Some(b"BEGIN".as_slice()),
        Operation::Commit => Some(b"COMMIT".as_slice()),
        Operation::Rollback => Some(b"ROLLBACK".as_slice()),
    };
    Asked {
        mover: Mover { tgid: query.tgid, tid: query.tid },
        goroutine: query.goroutine,
        start: query.time,
        request: embedded::request(system, text, query.cut, limit),
        protocol: system.name(),
        unless_done: query.operation == Operation::Prepare,
        counted: query.counted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(operation: Operation, text: Option<&[u8]>) -> String {
        let told = Query {
            time: 1,
            tgid: 2,
            tid: 3,
            goroutine: 4,
            counted: false,
            system: System::Sqlite,
            operation,
            text,
            cut: false,
        };
        query(&told, 100).request.operation
    }

    #[test]
    fn what_has_no_text_has_a_name() {
        assert_eq!(operation(Operation::Text, Some(b"SELECT a FROM b")), "SELECT b");
        assert_eq!(operation(Operation::Commit, Some(b"")), "COMMIT");
        assert_eq!(operation(Operation::Text, None), "sqlite");
        assert_eq!(operation(Operation::Text, Some(b"\x00\x01\x00no text")), "sqlite");
    }
}
