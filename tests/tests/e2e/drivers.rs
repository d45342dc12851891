//! Drivers that use more of the databases' protocols than their command line clients do.

use underspan_tests::oracle::{Books, Kind, Span};
use underspan_tests::workload::{Gated, MariaDb, Postgres, scale};

use crate::stage::enter;
use crate::{mariadb, postgres};

/// Statements in pipelines, of ten each.
const PIPELINED: u64 = 200;
const ROWS: u64 = 300;

fn named<'a>(books: &'a Books, kind: Kind, name: &str) -> Vec<&'a Span> {
    books.of(kind).into_iter().filter(|span| span.name == name).collect()
}

fn coded<'a>(books: &'a Books, kind: Kind, code: &str) -> Vec<&'a Span> {
    let spans = books.of(kind);
    spans.into_iter().filter(|span| span.attribute("db.response.status_code") == code).collect()
}

/// Pipelines of libpq, of which psycopg prepares statements on the way, and one that fails in the middle.
const PIPELINES: &str = "
import psycopg, sys
with psycopg.connect(autocommit=True) as connection:
    for pipeline in range(int(sys.argv[1])):
        with connection.pipeline():
            for number in range(10):
                connection.execute('INSERT INTO t VALUES (%s, %s)', (number, 'geheim'))
    try:
        with connection.pipeline():
            connection.execute('DELETE FROM t WHERE a = %s', (1,))
            connection.execute('SELECT oops')
            connection.execute('TRUNCATE t')
        raise SystemExit('it did not fail')
    except psycopg.errors.UndefinedColumn:
        pass
    assert connection.execute('SELECT count(*) FROM t').fetchone() == (int(sys.argv[1]) * 10,)
";

#[test]
fn pipelines() {
    let Some(_turn) = enter("drivers::pipelines") else { return };
    let server = Postgres::start();
    server.sql("CREATE TABLE t (a int, b text)");
    let client = server.script(PIPELINES, &[&(PIPELINED / 10).to_string()]);
    let (books, _) = postgres::watch(&server, client, PIPELINED + 4);
    for kind in [Kind::Server, Kind::Client] {
        let inserts = named(&books, kind, "INSERT t");
        assert_eq!(inserts.len() as u64, PIPELINED, "{kind:?}");
        for span in inserts {
            assert_eq!(span.attribute("db.query.text"), "INSERT INTO t VALUES ($1, $2)");
            assert_eq!((span.number("underspan.db.affected_rows"), span.failed), (Some(1), false));
        }
        assert_eq!(coded(&books, kind, "42703").len(), 1);
        let [aborted] = named(&books, kind, "TRUNCATE t")[..] else { panic!("{:?}", books.of(kind)) };
        assert_eq!(aborted.attribute("error.type"), "pipeline_aborted");
        assert_eq!(named(&books, kind, "SELECT t").len(), 1);
        assert_eq!(books.of(kind).len() as u64, PIPELINED + 4);
    }
    assert!(!format!("{:?}", books.spans).contains("geheim"), "a parameter was exported");
}

/// A statement that only ends when another connection asks for it.
const CANCELLED: &str = "
import psycopg, threading
with psycopg.connect(autocommit=True) as connection:
    done = threading.Event()
    def cancel():
        while not done.wait(.05):
            connection.cancel()
    thread = threading.Thread(target=cancel)
    thread.start()
    try:
        connection.execute('SELECT pg_sleep(86400)')
        raise SystemExit('it was not cancelled')
    except psycopg.errors.QueryCanceled:
        pass
    done.set()
    thread.join()
";

#[test]
fn a_cancelled_statement() {
    let Some(_turn) = enter("drivers::a_cancelled_statement") else { return };
    let server = Postgres::start();
    let (books, _) = postgres::watch(&server, server.script(CANCELLED, &[]), 1);
    for kind in [Kind::Server, Kind::Client] {
        let [span] = books.of(kind)[..] else { panic!("{:?}", books.of(kind)) };
        assert_eq!(span.attribute("db.query.text"), "SELECT pg_sleep(?)");
        assert_eq!((span.attribute("error.type"), span.failed), ("57014", true));
    }
}

/// Statements the server prepares, in the binary protocol; the last fails.
const PREPARED: &str = "
use DBI;
my ($port, $rows) = @ARGV;
my %options = (RaiseError => 1, PrintError => 0, mariadb_server_prepare => 1);
my $database = DBI->connect(\"DBI:MariaDB:database=test;host=127.0.0.1;port=$port\", 'root', '', \\%options);
my $insert = $database->prepare('INSERT INTO t VALUES (?, ?)');
$insert->execute($_, 'geheim') for 1 .. $rows;
my $select = $database->prepare('SELECT a, b FROM t WHERE a <= ?');
$select->execute(20);
die 'not all rows' unless @{$select->fetchall_arrayref} == 20;
die 'it did not fail' if eval { $insert->execute(1, 'geheim') };
$database->disconnect;
";

#[test]
fn prepared_statements_of_mariadb() {
    let Some(_turn) = enter("drivers::prepared_statements_of_mariadb") else { return };
    let server = MariaDb::start();
    server.client(&["test", "-e", "CREATE TABLE t (a int PRIMARY KEY, b text)"], false).complete();
    let (port, rows) = (server.address().port().to_string(), ROWS.to_string());
    let client = Gated::new("perl", &["-e", PREPARED, &port, &rows]);
    let books = mariadb::watch(&server, client, ROWS + 2);
    for kind in [Kind::Server, Kind::Client] {
        let inserts = named(&books, kind, "INSERT t");
        assert_eq!(inserts.len() as u64, ROWS + 1, "{kind:?}");
        for span in &inserts {
            assert_eq!(span.attribute("db.query.text"), "INSERT INTO t VALUES (?, ?)");
        }
        let written = inserts.iter().filter(|span| span.number("underspan.db.affected_rows") == Some(1));
        assert_eq!(written.count() as u64, ROWS);
        assert_eq!(coded(&books, kind, "1062").len(), 1);
        let [select] = named(&books, kind, "SELECT t")[..] else { panic!("{:?}", books.of(kind)) };
        assert_eq!(select.number("db.response.returned_rows"), Some(20));
    }
}

/// Answers of many rows, as text and in the binary protocol, and commands behind each.
const LONG_ANSWERS: &str = "
use DBI;
my ($port, $rows) = @ARGV;
for my $prepare (0, 1) {
    my %options = (RaiseError => 1, PrintError => 0, mariadb_server_prepare => $prepare);
    my $database = DBI->connect(\"DBI:MariaDB:database=test;host=127.0.0.1;port=$port\", 'root', '', \\%options);
    for my $round (1 .. 10) {
        my $select = $database->prepare('SELECT a, b FROM long_t WHERE a > ?');
        $select->execute($round);
        my $got = 0;
        $got++ while $select->fetchrow_arrayref;
        die \"$got rows\" unless $got == $rows - $round;
        $database->do('UPDATE long_t SET b = b WHERE a = 1');
    }
    $database->disconnect;
}
";

#[test]
fn long_answers_of_mariadb() {
    let Some(_turn) = enter("drivers::long_answers_of_mariadb") else { return };
    let server = MariaDb::start();
    let rows = scale::down(20_000);
    let fill = format!(
        "CREATE TABLE long_t (a int PRIMARY KEY, b text); INSERT INTO long_t SELECT seq, repeat('x', 100) FROM seq_1_to_{rows}"
    );
    server.client(&["test", "-e", &fill], false).complete();
    let (port, rows) = (server.address().port().to_string(), rows.to_string());
    let books = mariadb::watch(&server, Gated::new("perl", &["-e", LONG_ANSWERS, &port, &rows]), 40);
    for kind in [Kind::Server, Kind::Client] {
        assert_eq!(named(&books, kind, "SELECT long_t").len(), 20, "{kind:?}");
        assert_eq!(named(&books, kind, "UPDATE long_t").len(), 20, "{kind:?}");
        assert!(books.of(kind).iter().all(|span| !span.failed), "{kind:?}");
    }
}
