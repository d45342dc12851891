// The same as `relay` by fasthttp, which serves by a pool of goroutines: fast serve, fast ask (see work.Main and work.Relay). Of KIND
// `pipelined`, the server sends calls of all requests over shared connections, before earlier ones are answered.
package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"example.org/work"
	"github.com/valyala/fasthttp"
)

// How long a call may take, connections that are not free included.
const patience = time.Minute

func main() {
	work.Main(serve, func(peer work.Peer) work.Get {
		if peer.Kind == "pipelined" {
			peer.Kind = "http"
		}
		return client(peer)
	})
}

func serve(peer work.Peer, listener net.Listener) error {
	relay := work.Relay(peer, client)
	handler := func(ctx *fasthttp.RequestCtx) {
		if err := relay(string(ctx.Path())); err != nil {
			ctx.Error(err.Error(), 502)
			return
		}
		fmt.Fprintf(ctx, "%s\n", ctx.Path())
	}
	if peer.Kind == "https" {
		return fasthttp.ServeTLS(listener, peer.Certificate, peer.Key, handler)
	}
	return fasthttp.Serve(listener, handler)
}

type doer interface {
	Do(request *fasthttp.Request, response *fasthttp.Response) error
	DoTimeout(request *fasthttp.Request, response *fasthttp.Response, timeout time.Duration) error
}

func client(peer work.Peer) work.Get {
	var client doer = &fasthttp.PipelineClient{Addr: peer.Address, MaxConns: peer.Connections}
	url := "http://" + peer.Address
	if peer.Kind != "pipelined" {
		host := &fasthttp.HostClient{Addr: peer.Address, MaxConns: peer.Connections, MaxConnWaitTimeout: patience}
		if peer.Kind == "https" {
			host.IsTLS, host.TLSConfig = true, &tls.Config{RootCAs: work.Roots(peer.Certificate)}
		}
		client, url = host, work.URL(peer)
	}
	return func(path string) error {
		request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
		defer fasthttp.ReleaseRequest(request)
		defer fasthttp.ReleaseResponse(response)
		request.SetRequestURI(url + path)
		do := client.Do
		if strings.HasSuffix(path, "0") {
			// Which older versions do in a goroutine of its own.
			do = func(request *fasthttp.Request, response *fasthttp.Response) error {
				return client.DoTimeout(request, response, patience)
			}
		}
		if err := do(request, response); err != nil {
			return err
		}
		if body := string(response.Body()); response.StatusCode() != 200 || body != path+"\n" {
			return fmt.Errorf("%s: %d %s", path, response.StatusCode(), body)
		}
		return nil
	}
}
