// Answers requests after asking another server, by net/http: relay serve, relay ask (see work.Main and work.Relay).
package main

import (
	"net"

	"example.org/work"
)

func main() {
	work.Main(serve, work.Client)
}

func serve(peer work.Peer, listener net.Listener) error {
	return work.Serve(peer, listener, work.Handler(work.Relay(peer, work.Client)))
}
