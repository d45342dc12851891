//! `MariaDB` from both sides: what clients executed is what both ends are seen to have executed.

use underspan_tests::oracle::{Books, Kind};
use underspan_tests::workload::script::PYTHON;
use underspan_tests::workload::{Gated, MariaDb};

use crate::stage::{Session, enter};

/// Executes a statement again and again, then one that fails and one that returns rows.
const DRIVER: &str = "
import pymysql, sys
connection = pymysql.connect(host='127.0.0.1', port=int(sys.argv[1]), user='root', database='test', autocommit=True)
cursor = connection.cursor()
for number in range(int(sys.argv[2])):
    cursor.execute('INSERT INTO t VALUES (%s, %s)', (number, 'geheim'))
try:
    cursor.execute('SELECT oops')
except pymysql.err.OperationalError:
    pass
cursor.execute('SELECT * FROM t WHERE a < 20')
assert len(cursor.fetchall()) == 20
";
const ROWS: u64 = 500;

/// Runs a client and the server under the agent; both ends must have seen the same, without loss, and no literal.
pub(crate) fn watch(server: &MariaDb, client: Gated, statements: u64) -> Books {
    let session = Session::trace(&[server.pid(), client.pid()]);
    client.complete();
    let books = session.finish(2 * statements);
    let (servers, clients) = (books.of(Kind::Server).len(), books.of(Kind::Client).len());
    assert_eq!((servers, books.lost()), (clients, 0), "{books}");
    assert_eq!(books.measured("db.client.operation.duration"), clients as u64);
    let told = format!("{:?}", books.spans);
    assert!(!told.contains("geheim"), "a literal was exported");
    for span in &books.spans {
        assert_eq!(span.attribute("db.system.name"), "mariadb", "{span:?}");
        assert!(span.start <= span.end);
    }
    books
}

#[test]
fn a_driver_in_python() {
    let Some(_turn) = enter("mariadb::a_driver_in_python") else { return };
    let server = MariaDb::start();
    server.client(&["test", "-e", "CREATE TABLE t (a int, b text)"], false).complete();
    let (port, rows) = (server.address().port().to_string(), ROWS.to_string());
    let books = watch(&server, Gated::new(PYTHON, &["-c", DRIVER, &port, &rows]), ROWS + 2);
    for kind in [Kind::Server, Kind::Client] {
        let spans = books.of(kind);
        let of = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
        let inserts = of("INSERT t");
        assert_eq!(inserts.len() as u64, ROWS);
        for span in inserts {
            assert_eq!(span.attribute("db.query.text"), "INSERT INTO t VALUES (?, ?)");
            assert_eq!(span.attribute("underspan.db.affected_rows"), "1");
            assert_eq!(span.attribute("db.namespace"), "test");
        }
        let failed: Vec<_> = spans.iter().filter(|span| span.failed).collect();
        assert_eq!(failed.len(), 1);
        assert_eq!(failed[0].attribute("db.response.status_code"), "1054");
        assert_eq!(of("SELECT t").len(), 1);
        assert_eq!(of("SELECT t")[0].attribute("db.response.returned_rows"), "20");
    }
}

#[test]
fn the_client_over_a_unix_socket() {
    let Some(_turn) = enter("mariadb::the_client_over_a_unix_socket") else { return };
    let server = MariaDb::start();
    let text =
        "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); SELECT a FROM t WHERE a = 1; DROP TABLE t";
    let books = watch(&server, server.client(&["test", "-e", text], true), 4);
    for kind in [Kind::Server, Kind::Client] {
        let names: Vec<_> = books.of(kind).iter().map(|span| span.name.as_str()).collect();
        for name in ["CREATE TABLE t", "INSERT t", "SELECT t", "DROP TABLE t"] {
            assert_eq!(names.iter().filter(|found| **found == name).count(), 1, "{names:?}");
        }
    }
}
