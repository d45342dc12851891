// Serves HTTPS, or asks for it: web serve CERTIFICATE KEY, which prints its address, or web ask CERTIFICATE ADDRESS PREFIX CLIENTS REQUESTS.
// It begins when there is a line on its standard input. Requests go to PREFIX/CLIENT/NUMBER, those of a client over one connection; each answer is checked.
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"

	"example.org/work"
)

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 3 && args[0] == "serve":
		peer := work.Peer{Kind: "https", Certificate: args[1], Key: args[2]}
		work.Check(work.Serve(peer, work.Listen(), http.HandlerFunc(answer)))
	case len(args) == 6 && args[0] == "ask":
		peer := work.Peer{Kind: "https", Certificate: args[1], Address: args[2], Connections: 1}
		ask(peer, args[3], work.Number(args[4]), work.Number(args[5]))
	default:
		work.Check(fmt.Errorf("wrong arguments: %q", args))
	}
}

// Uses some stack, so that goroutines grow theirs while they are in the middle of something.
func deep(n int, data []byte) int {
	var room [512]byte
	copy(room[:], data)
	if n == 0 {
		return int(room[0])
	}
	return deep(n-1, room[:]) + int(room[n%len(room)])
}

func answer(w http.ResponseWriter, r *http.Request) {
	deep(20, []byte(r.URL.Path))
	w.Header().Set("X-Path", r.URL.Path)
	w.Write(body(r.URL.Path))
}

// Of a size that differs from path to path.
func body(path string) []byte {
	return bytes.Repeat([]byte(path), 1+len(path)*7%200)
}

func ask(peer work.Peer, prefix string, clients, requests int) {
	work.Begin()
	var group sync.WaitGroup
	for c := 0; c < clients; c++ {
		group.Add(1)
		go func(c int) {
			defer group.Done()
			transport := work.Transport(peer)
			client := http.Client{Transport: transport}
			for n := 0; n < requests; n++ {
				path := fmt.Sprintf("%s/%d/%d", prefix, c, n)
				response, err := client.Get(work.URL(peer) + path)
				work.Check(err)
				got, err := io.ReadAll(response.Body)
				work.Check(err)
				work.Check(response.Body.Close())
				if response.StatusCode != 200 || !bytes.Equal(got, body(path)) {
					work.Check(fmt.Errorf("%s: %s, %d bytes", path, response.Status, len(got)))
				}
			}
			transport.CloseIdleConnections()
		}(c)
	}
	group.Wait()
}
