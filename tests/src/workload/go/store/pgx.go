//go:build go1.24
// +build go1.24

package main

// The driver `pgx`.
import _ "github.com/jackc/pgx/v5/stdlib"
