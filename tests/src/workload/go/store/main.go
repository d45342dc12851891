// A server of HTTP that asks PostgreSQL by database/sql: store serve KIND CERTIFICATE KEY CONNECTIONS DRIVER (see work.Main); its environment
// says where that is, as for psql. For /r/NUMBER it makes statements whose columns or tables are called r_NUMBER.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"sync"

	"example.org/work"
)

func main() {
	work.Main(serve, work.Client)
}

func serve(peer work.Peer, listener net.Listener) error {
	db, err := sql.Open(peer.Address, "")
	work.Check(err)
	db.SetMaxOpenConns(peer.Connections)
	db.SetMaxIdleConns(peer.Connections)
	var once sync.Once
	var kept *sql.Stmt
	handle := func(path string) error {
		once.Do(func() {
			kept, err = db.Prepare("SELECT $1::int AS kept")
			work.Check(err)
		})
		name := strings.ReplaceAll(strings.Trim(path, "/"), "/", "_")
		if err := simple(db, kept, name); err != nil {
			return fmt.Errorf("simple: %w", err)
		}
		if err := prepared(db, name); err != nil {
			return fmt.Errorf("prepared: %w", err)
		}
		if err := transaction(db, name); err != nil {
			return fmt.Errorf("transaction: %w", err)
		}
		return work.Both(func(n int) error {
			return expect(db.QueryRow(fmt.Sprintf("SELECT $1::int AS fan_%d_%s", n, name), 5), 5)
		})
	}
	return work.Serve(peer, listener, work.Handler(handle))
}

func simple(db *sql.DB, kept *sql.Stmt, name string) error {
	if err := expect(db.QueryRow("SELECT 1 AS plain_"+name), 1); err != nil {
		return err
	}
	if err := expect(db.QueryRow("SELECT $1::int AS given_"+name, 2), 2); err != nil {
		return err
	}
	return expect(kept.QueryRow(3), 3)
}

func prepared(db *sql.DB, name string) error {
	statement, err := db.Prepare("SELECT $1::int AS prepared_" + name)
	if err != nil {
		return err
	}
	defer statement.Close()
	for n := 1; n <= 2; n++ {
		if err := expect(statement.QueryRow(n), n); err != nil {
			return err
		}
	}
	return nil
}

// One that is kept and one that is not.
func transaction(db *sql.DB, name string) error {
	for _, keep := range []bool{true, false} {
		tx, err := db.BeginTx(context.Background(), nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.Exec("INSERT INTO t (n) VALUES ($1)", 4); err != nil {
			return err
		}
		if err := expect(tx.QueryRow("SELECT 4 AS within_"+name), 4); err != nil {
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
