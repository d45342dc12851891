// Serves HTTPS, or asks for it: web serve CERTIFICATE KEY, which prints its address, or web ask CERTIFICATE ADDRESS PREFIX CLIENTS REQUESTS.
// It begins when there is a line on its standard input. Requests go to PREFIX/CLIENT/NUMBER, those of a client over one connection; each answer is checked.
package main

import (
	"bytes"
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
)

func main() {
	if len(os.Args) == 4 && os.Args[1] == "serve" {
		serve(os.Args[2], os.Args[3])
	} else if len(os.Args) == 7 && os.Args[1] == "ask" {
		clients, err := strconv.Atoi(os.Args[5])
		check(err)
		requests, err := strconv.Atoi(os.Args[6])
		check(err)
		ask(os.Args[2], os.Args[3], os.Args[4], clients, requests)
	} else {
		check(fmt.Errorf("wrong arguments: %q", os.Args))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
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

func serve(certificate, key string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	handler := func(w http.ResponseWriter, r *http.Request) {
		deep(20, []byte(r.URL.Path))
		w.Header().Set("X-Path", r.URL.Path)
		w.Write(body(r.URL.Path))
	}
	server := http.Server{Handler: http.HandlerFunc(handler)}
	// Without HTTP/2.
	server.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){}
	check(server.ServeTLS(listener, certificate, key))
}

// Of a size that differs from path to path.
func body(path string) []byte {
	return bytes.Repeat([]byte(path), 1+len(path)*7%200)
}

func ask(certificate, address, prefix string, clients, requests int) {
	text, err := ioutil.ReadFile(certificate)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	_, err = os.Stdin.Read(make([]byte, 1))
	check(err)
	var group sync.WaitGroup
	for c := 0; c < clients; c++ {
		group.Add(1)
		go func(c int) {
			defer group.Done()
			transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, MaxConnsPerHost: 1}
			client := http.Client{Transport: transport}
			for n := 0; n < requests; n++ {
				path := fmt.Sprintf("%s/%d/%d", prefix, c, n)
				response, err := client.Get("https://" + address + path)
				check(err)
				got, err := io.ReadAll(response.Body)
				check(err)
				check(response.Body.Close())
				if response.StatusCode != 200 || !bytes.Equal(got, body(path)) {
					check(fmt.Errorf("%s: %s, %d bytes", path, response.Status, len(got)))
				}
			}
			transport.CloseIdleConnections()
		}(c)
	}
	group.Wait()
}
