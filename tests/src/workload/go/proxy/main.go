// A reverse proxy: proxy serve, proxy ask (see work.Main). Behind it is HTTP without TLS; without a server to ask, it is that server.
package main

import (
	"net"
	"net/http/httputil"
	"net/url"

	"example.org/work"
)

func main() {
	work.Main(serve, work.Client)
}

func serve(front work.Peer, listener net.Listener) error {
	back := work.Peer{Kind: "http", Address: front.Address, Connections: front.Connections}
	if back.Address == "" {
		return work.Serve(back, listener, work.Handler(func(string) error { return nil }))
	}
	target, err := url.Parse(work.URL(back))
	work.Check(err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = work.Transport(back)
	return work.Serve(front, listener, proxy)
}
