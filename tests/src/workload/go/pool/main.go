// Answers requests after asking another server from goroutines of every kind, by net/http: pool serve, pool ask (see work.Main).
package main

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"example.org/work"
)

// The request in whose midst the pool is started ends after so many others.
const others = 60

type job struct {
	path string
	done chan<- error
}

var (
	start    sync.Once
	jobs     = make(chan job, 4)
	answered int64
	enough   = make(chan struct{})
)

func main() {
	work.Main(serve, work.Client)
}

func serve(peer work.Peer, listener net.Listener) error {
	do := func(string) error { return nil }
	if peer.Address != "" {
		get := work.Client(peer)
		do = func(path string) error { return answer(get, path) }
	}
	return work.Serve(peer, listener, work.Handler(do))
}

// Asks seven times. By goroutines that end with the request: /fan/1 and /fan/2, one at a time, /dep/1, made by one that was made by one that
// was made by its own, /own/1 and /own/2, by workers of its own. By those of a pool for all requests: /job/1 and /job/2.
func answer(get work.Get, path string) error {
	first := false
	start.Do(func() {
		first = true
		for n := 0; n < 4; n++ {
			go serveAll(get, n%2 == 0)
		}
	})
	for _, kind := range []func(work.Get, string) error{fan, deep, own, hand} {
		if err := kind(get, path); err != nil {
			return err
		}
	}
	if first {
		<-enough
	} else if atomic.AddInt64(&answered, 1) == others {
		close(enough)
	}
	return nil
}

func fan(get work.Get, path string) error {
	limit := make(chan struct{}, 1)
	return work.Both(func(n int) error {
		limit <- struct{}{}
		defer func() { <-limit }()
		return get(fmt.Sprintf("/fan/%d%s", n, path))
	})
}

func deep(get work.Get, path string) error {
	ask := func() error { return get("/dep/1" + path) }
	return within(func() error { return within(func() error { return within(ask) }) })
}

func within(do func() error) error {
	done := make(chan error)
	go func() { done <- do() }()
	return <-done
}

func own(get work.Get, path string) error {
	paths, done := make(chan string, 2), make(chan error, 2)
	var group sync.WaitGroup
	for n := 1; n <= 2; n++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for path := range paths {
				done <- get(path)
			}
		}()
		paths <- fmt.Sprintf("/own/%d%s", n, path)
	}
	close(paths)
	group.Wait()
	return either(done)
}

func hand(get work.Get, path string) error {
	done := make(chan error, 2)
	for n := 1; n <= 2; n++ {
		jobs <- job{fmt.Sprintf("/job/%d%s", n, path), done}
	}
	return either(done)
}

// One that serves everybody, by itself or by a goroutine for each.
func serveAll(get work.Get, itself bool) {
	for next := range jobs {
		if itself {
			next.done <- get(next.path)
		} else {
			go func(next job) { next.done <- get(next.path) }(next)
		}
	}
}

func either(done <-chan error) error {
	first, second := <-done, <-done
	if first != nil {
		return first
	}
	return second
}
