// A server of HTTP with a database within it, by database/sql: shelf serve KIND CERTIFICATE KEY CONNECTIONS FILE (see work.Main). For /r/NUMBER
// it makes statements whose columns or tables are called r_NUMBER. Where its environment says where PostgreSQL is, as for psql, it asks that, too.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"example.org/work"

	_ "github.com/lib/pq"
	_ "github.com/mattn/go-sqlite3"
)

const options = "?_busy_timeout=60000&_journal_mode=WAL&_synchronous=OFF&_txlock=immediate"

func main() {
	work.Main(serve, work.Client)
}

type shelf struct {
	db, far *sql.DB
	kept    *sql.Stmt
}

func serve(peer work.Peer, listener net.Listener) error {
	db, err := sql.Open("sqlite3", "file:"+peer.Address+options)
	work.Check(err)
	db.SetMaxOpenConns(peer.Connections)
	db.SetMaxIdleConns(peer.Connections)
	_, err = db.Exec("CREATE TABLE t (n int)")
	work.Check(err)
	s := &shelf{db: db}
	s.kept, err = db.Prepare("SELECT ? AS kept")
	work.Check(err)
	if os.Getenv("PGHOST") != "" {
		s.far, err = sql.Open("postgres", "")
		work.Check(err)
		s.far.SetMaxOpenConns(peer.Connections)
		s.far.SetMaxIdleConns(peer.Connections)
	}
	return work.Serve(peer, listener, work.Handler(s.handle))
}

func (s *shelf) handle(path string) error {
	name := strings.ReplaceAll(strings.Trim(path, "/"), "/", "_")
	for _, step := range []func(string) error{s.simple, s.prepared, s.transactions, s.failures, s.ask} {
		if err := step(name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return work.Both(func(n int) error {
		return expect(s.db.QueryRow(fmt.Sprintf("SELECT ? AS fan_%d_%s", n, name), 5), 5)
	})
}

func (s *shelf) simple(name string) error {
	if err := expect(s.db.QueryRow("SELECT 1 AS plain_"+name+" WHERE 'secret' <> \"secret, too\""), 1); err != nil {
		return err
	}
	if err := expect(s.db.QueryRow("SELECT ? AS given_"+name, 2), 2); err != nil {
		return err
	}
	// The driver has another goroutine wait for the end of such a one.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := expect(s.db.QueryRowContext(ctx, "SELECT ? AS bounded_"+name, 2), 2); err != nil {
		return err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Several statements are one call.
	_, err = conn.ExecContext(ctx, "UPDATE t SET n = 1 WHERE n = -1; DELETE FROM t WHERE n = -2 -- "+name)
	return err
}

func (s *shelf) prepared(name string) error {
	if err := expect(s.kept.QueryRow(3), 3); err != nil {
		return err
	}
	statement, err := s.db.Prepare("SELECT ? AS prepared_" + name)
	if err != nil {
		return err
	}
	defer statement.Close()
	for n := 1; n <= 2; n++ {
		if err := expect(statement.QueryRow(n), n); err != nil {
			return err
		}
	}
	written, err := s.db.Prepare("UPDATE t SET n = ? WHERE n = -3 /* " + name + " */")
	if err != nil {
		return err
	}
	defer written.Close()
	_, err = written.Exec(4)
	return err
}

// One that is kept and one that is not. What is rolled back in the end is over by then.
func (s *shelf) transactions(name string) error {
	for _, keep := range []bool{true, false} {
		tx, err := s.db.BeginTx(context.Background(), nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.Exec("INSERT INTO t (n) VALUES (?)", 4); err != nil {
			return err
		}
		if err := expect(tx.QueryRow("SELECT 4 AS within_"+name), 4); err != nil {
			return err
		}
		if err := expect(tx.Stmt(s.kept).QueryRow(5), 5); err != nil {
			return err
		}
		end := tx.Rollback
		if keep {
			end = tx.Commit
		}
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) failures(name string) error {
	if _, err := s.db.Exec("INSERT INTO nowhere_" + name + " VALUES ('secret')"); err == nil {
		return errors.New("there is such a table")
	}
	if _, err := s.db.Prepare("SELECT wrong_" + name); err == nil {
		return errors.New("there is such a column")
	}
	// Never gets as far as the database.
	if _, err := s.db.Exec("SELECT ? AS never_"+name, struct{}{}); err == nil {
		return errors.New("there is such a type")
	}
	return nil
}

// By way of a socket.
func (s *shelf) ask(name string) error {
	if s.far == nil {
		return nil
	}
	return expect(s.far.QueryRow("SELECT $1::int AS far_"+name, 7), 7)
}

func expect(row *sql.Row, wanted int) error {
	var found int
	if err := row.Scan(&found); err != nil {
		return err
	}
	if found != wanted {
		return fmt.Errorf("%d, not %d", found, wanted)
	}
	return nil
}
