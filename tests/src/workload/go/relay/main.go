// Answers requests after asking another server four times each: relay serve KIND CERTIFICATE KEY CONNECTIONS BACKEND, which prints its address.
// Twice one after the other, twice at the same time in goroutines of their own: GET /seq/1/PATH, /seq/2/PATH, /fan/1/PATH, /fan/2/PATH. At
// most CONNECTIONS to the other server, 0 for any number. Without BACKEND it just answers. KIND is http, https, or h2, which is HTTP/2 over TLS.
//
// Or asks for /r/0 and on: relay ask KIND CERTIFICATE ADDRESS CLIENTS REQUESTS, when there is a line on its standard input.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"io/ioutil"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
)

type getter func(path string) error

func main() {
	switch {
	case len(os.Args) == 7 && os.Args[1] == "serve":
		serve(os.Args[2], os.Args[3], os.Args[4], relay(client(os.Args[2], os.Args[3], os.Args[6], number(os.Args[5]))))
	case len(os.Args) == 5 && os.Args[1] == "serve":
		serve(os.Args[2], os.Args[3], os.Args[4], func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, r.URL.Path) })
	case len(os.Args) == 7 && os.Args[1] == "ask":
		ask(client(os.Args[2], os.Args[3], os.Args[4], 0), number(os.Args[5]), number(os.Args[6]))
	default:
		check(fmt.Errorf("wrong arguments: %q", os.Args))
	}
}

func relay(get getter) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var failed [4]error
		for n := 1; n <= 2; n++ {
			failed[n-1] = get(fmt.Sprintf("/seq/%d%s", n, r.URL.Path))
		}
		var group sync.WaitGroup
		for n := 1; n <= 2; n++ {
			group.Add(1)
			go func(n int) {
				defer group.Done()
				failed[n+1] = get(fmt.Sprintf("/fan/%d%s", n, r.URL.Path))
			}(n)
		}
		group.Wait()
		for _, err := range failed {
			if err != nil {
				http.Error(w, err.Error(), 502)
				return
			}
		}
		fmt.Fprintln(w, r.URL.Path)
	}
}

func serve(kind, certificate, key string, handler http.HandlerFunc) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	server := http.Server{Handler: handler}
	if kind == "http" {
		check(server.Serve(listener))
	}
	if kind == "https" {
		// Without HTTP/2.
		server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	}
	check(server.ServeTLS(listener, certificate, key))
}

func client(kind, certificate, address string, connections int) getter {
	text, err := ioutil.ReadFile(certificate)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	client := http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: roots},
		ForceAttemptHTTP2:   kind == "h2",
		MaxConnsPerHost:     connections,
		MaxIdleConnsPerHost: 100,
	}}
	url := "https://" + address
	if kind == "http" {
		url = "http://" + address
	}
	return func(path string) error {
		response, err := client.Get(url + path)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != 200 || (response.ProtoMajor == 2) != (kind == "h2") {
			return fmt.Errorf("%s %s", response.Proto, response.Status)
		}
		return nil
	}
}

func ask(get getter, clients, requests int) {
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	check(err)
	var next int64 = -1
	var group sync.WaitGroup
	for c := 0; c < clients; c++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := atomic.AddInt64(&next, 1); n < int64(requests); n = atomic.AddInt64(&next, 1) {
				check(get(fmt.Sprintf("/r/%d", n)))
			}
		}()
	}
	group.Wait()
}

func number(text string) int {
	number, err := strconv.Atoi(text)
	check(err)
	return number
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
