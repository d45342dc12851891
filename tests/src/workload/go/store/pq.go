package main

// The driver `postgres`.
import _ "github.com/lib/pq"
