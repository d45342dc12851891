package work

import (
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// Get asks a server for a path.
type Get func(path string) error

// Peer says how to speak, and with whom.
type Peer struct {
	// http, https, h2, which is HTTP/2 over TLS, or what else a program knows.
	Kind string
	// Files, for those over TLS.
	Certificate, Key string
	// The server that is asked; empty if there is none.
	Address string
	// At most so many to it, 0 for any number.
	Connections int
}

// Main is a program that serves: NAME serve KIND CERTIFICATE KEY CONNECTIONS [ADDRESS], which prints where.
// Or it asks for /r/0 and on: NAME ask KIND CERTIFICATE ADDRESS CLIENTS REQUESTS, when there is a line on its standard input.
func Main(serve func(peer Peer, listener net.Listener) error, client func(peer Peer) Get) {
	args := os.Args[1:]
	switch {
	case (len(args) == 5 || len(args) == 6) && args[0] == "serve":
		peer := Peer{Kind: args[1], Certificate: args[2], Key: args[3], Connections: Number(args[4])}
		if len(args) == 6 {
			peer.Address = args[5]
		}
		Check(serve(peer, Listen()))
	case len(args) == 6 && args[0] == "ask":
		peer := Peer{Kind: args[1], Certificate: args[2], Address: args[3]}
		ask(client(peer), Number(args[4]), Number(args[5]))
	default:
		Check(fmt.Errorf("wrong arguments: %q", args))
	}
}

// Relay asks four times for each path it is asked for. Twice one after the other, twice at the same time in goroutines of their own:
// /seq/1/PATH, /seq/2/PATH, /fan/1/PATH, /fan/2/PATH. Without a server it does nothing.
func Relay(peer Peer, client func(peer Peer) Get) Get {
	if peer.Address == "" {
		return func(string) error { return nil }
	}
	get := client(peer)
	return func(path string) error {
		for n := 1; n <= 2; n++ {
			if err := get(fmt.Sprintf("/seq/%d%s", n, path)); err != nil {
				return err
			}
		}
		return Both(func(n int) error { return get(fmt.Sprintf("/fan/%d%s", n, path)) })
	}
}

// Both does two things at the same time, 1 and 2.
func Both(do func(n int) error) error {
	failed := make(chan error, 2)
	for n := 1; n <= 2; n++ {
		go func(n int) { failed <- do(n) }(n)
	}
	first, second := <-failed, <-failed
	if first != nil {
		return first
	}
	return second
}

func ask(get Get, clients, requests int) {
	Begin()
	var next int64 = -1
	var group sync.WaitGroup
	for c := 0; c < clients; c++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := atomic.AddInt64(&next, 1); n < int64(requests); n = atomic.AddInt64(&next, 1) {
				Check(get(fmt.Sprintf("/r/%d", n)))
			}
		}()
	}
	group.Wait()
}
