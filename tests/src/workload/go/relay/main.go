// Answers each request after asking another server four times: relay ADDRESS CONNECTIONS, which prints its own address. Twice one after the
// other, twice at the same time in goroutines of their own: GET /seq/1/PATH, /seq/2/PATH, /fan/1/PATH, /fan/2/PATH. At most CONNECTIONS to
// the other server, 0 for any number.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
)

func main() {
	if len(os.Args) != 3 {
		check(fmt.Errorf("wrong arguments: %q", os.Args))
	}
	connections, err := strconv.Atoi(os.Args[2])
	check(err)
	client := http.Client{Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: 100}}
	get := func(kind string, number int, path string) error {
		response, err := client.Get(fmt.Sprintf("http://%s/%s/%d%s", os.Args[1], kind, number, path))
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			return err
		}
		if response.StatusCode != 200 {
			return fmt.Errorf("%s", response.Status)
		}
		return nil
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		var failed [4]error
		for n := 1; n <= 2; n++ {
			failed[n-1] = get("seq", n, r.URL.Path)
		}
		var group sync.WaitGroup
		for n := 1; n <= 2; n++ {
			group.Add(1)
			go func(n int) {
				defer group.Done()
				failed[n+1] = get("fan", n, r.URL.Path)
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	check(http.Serve(listener, http.HandlerFunc(handler)))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
