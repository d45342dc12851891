// Goroutines whose stacks grow in the middle of TLS, of HTTP and gRPC, and of making goroutines, and shrink again: deep CERTIFICATE KEY GOROUTINES, client
// and server of itself. It prints a line when all of them have done something, and works until the end of its standard input. Then it prints how
// much was done and how often a stack was found at another place after it. Answers and frames are checked; it fails with the first that is wrong.
package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"example.org/work"
)

const (
	// One frame in so many is a large one.
	large = 8
	// Frames below a call: mostly few, so that what is called begins with little room left, wherever that is; now and then many.
	few, many = 40, 1500
	// Bytes of a message at most.
	longest = 4000
	// Connections for all of them together.
	connections = 64
)

var done, moved, over int64

// Where it was built with gRPC: begins to serve it, and gives back what calls the server.
var rpc func() func(*rand.Rand)

func main() {
	if len(os.Args) != 4 {
		work.Check(fmt.Errorf("wrong arguments: %q", os.Args))
	}
	// Stacks shrink when garbage is collected.
	debug.SetGCPercent(50)
	pair, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	work.Check(err)

	w := world{echo: echo(pair), client: &tls.Config{RootCAs: work.Roots(os.Args[1]), ServerName: "127.0.0.1"}}
	address := serve(pair)
	w.url = "https://" + address
	w.http1 = &http.Client{Transport: &http.Transport{TLSClientConfig: w.client.Clone(), MaxConnsPerHost: connections,
		MaxIdleConnsPerHost: connections / 2, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}}
	w.http2 = &http.Client{Transport: &http.Transport{TLSClientConfig: w.client.Clone(), ForceAttemptHTTP2: true}}

	if rpc != nil {
		w.rpc = rpc()
	}

	var begun, ended sync.WaitGroup
	for n := 0; n < work.Number(os.Args[3]); n++ {
		begun.Add(1)
		ended.Add(1)
		go func(n int) {
			defer ended.Done()
			w.work(rand.New(rand.NewSource(int64(n))), begun.Done)
		}(n)
	}
	begun.Wait()
	fmt.Println("at work")
	work.End()
	atomic.StoreInt64(&over, 1)
	ended.Wait()
	fmt.Println(done, moved)
}

// Calls `what` below so many frames. What they hold must still be there afterwards, wherever the stack is by then.
//
//go:noinline
func descend(depth int, above *byte, what func()) {
	if depth%large == large-1 {
		spacious(depth, above, what)
		return
	}
	var room [100]byte
	for i := range room {
		room[i] = byte(depth + i)
	}
	below(depth, &room[depth%len(room)], what)
	for i := range room {
		if room[i] != byte(depth+i) {
			work.Check(fmt.Errorf("a frame at depth %d was overwritten", depth))
		}
	}
	if above != nil && *above != byte(depth+1+(depth+1)%100) {
		work.Check(fmt.Errorf("a frame at depth %d has lost the one above", depth))
	}
}

//go:noinline
func spacious(depth int, above *byte, what func()) {
	var room [1500]byte
	for i := range room {
		room[i] = byte(depth + i)
	}
	below(depth, &room[depth%100], what)
	for i := range room {
		if room[i] != byte(depth+i) {
			work.Check(fmt.Errorf("a large frame at depth %d was overwritten", depth))
		}
	}
	if above != nil && *above != byte(depth+1+(depth+1)%100) {
		work.Check(fmt.Errorf("a large frame at depth %d has lost the one above", depth))
	}
}

//go:noinline
func below(depth int, frame *byte, what func()) {
	if depth > 0 {
		descend(depth-1, frame, what)
		return
	}
	here := uintptr(unsafe.Pointer(frame))
	what()
	if uintptr(unsafe.Pointer(frame)) != here {
		atomic.AddInt64(&moved, 1)
	}
	atomic.AddInt64(&done, 1)
}

func depth(random *rand.Rand) int {
	if random.Intn(50) == 0 {
		return random.Intn(many)
	}
	return random.Intn(few)
}

// Does it on a stack of the smallest size there is.
func fresh(random *rand.Rand, what func()) {
	ended := make(chan struct{})
	n := depth(random)
	go func() {
		defer close(ended)
		descend(n, nil, what)
	}()
	<-ended
}

// What they work with.
type world struct {
	echo, url    string
	client       *tls.Config
	http1, http2 *http.Client
	rpc          func(*rand.Rand)
}

func (w *world) work(random *rand.Rand, begun func()) {
	connection := w.dial()
	for turn := 0; turn == 0 || atomic.LoadInt64(&over) == 0; turn++ {
		kind := random.Intn(16)
		switch {
		case kind == 0:
			work.Check(connection.Close())
			fresh(random, func() { connection = w.dial() })
		case kind < 5:
			path := fmt.Sprintf("/%d/%s", random.Int63(), strings.Repeat("x", random.Intn(200)))
			client, major := w.http1, 1
			if random.Intn(2) == 0 {
				client, major = w.http2, 2
			}
			fresh(random, func() { get(client, w.url, path, major) })
		case kind < 7:
			fresh(random, func() { family(4, random.Int63()) })
		case kind < 9 && w.rpc != nil:
			w.rpc(random)
		default:
			message := make([]byte, 1+random.Intn(longest))
			random.Read(message)
			fresh(random, func() {
				_, err := connection.Write(message)
				work.Check(err)
			})
			answer := make([]byte, len(message))
			fresh(random, func() {
				_, err := io.ReadFull(connection, answer)
				work.Check(err)
			})
			if !bytes.Equal(answer, message) {
				work.Check(fmt.Errorf("%d bytes came back changed", len(message)))
			}
		}
		if turn == 0 {
			begun()
		}
	}
	work.Check(connection.Close())
}

func (w *world) dial() *tls.Conn {
	connection, err := tls.Dial("tcp", w.echo, w.client)
	work.Check(err)
	return connection
}

func get(client *http.Client, url, path string, major int) {
	response, err := client.Get(url + path)
	work.Check(err)
	got, err := io.ReadAll(response.Body)
	work.Check(err)
	work.Check(response.Body.Close())
	if response.StatusCode != 200 || response.ProtoMajor != major || string(got) != path {
		work.Check(fmt.Errorf("%s: %s %s, %d bytes", path, response.Proto, response.Status, len(got)))
	}
}

// Goroutines that make goroutines, each from some depth; each adds its number.
func family(generations int, seed int64) {
	random := rand.New(rand.NewSource(seed))
	var sum int64
	var group sync.WaitGroup
	var member func(generation int, n int)
	member = func(generation int, n int) {
		defer group.Done()
		atomic.AddInt64(&sum, 1)
		if generation == 0 {
			return
		}
		descend(n, nil, func() {
			group.Add(2)
			go member(generation-1, n+1)
			go member(generation-1, n+2)
		})
	}
	group.Add(1)
	member(generations, random.Intn(few))
	group.Wait()
	if sum != 1<<uint(generations+1)-1 {
		work.Check(fmt.Errorf("%d goroutines in a family", sum))
	}
}

// Sends back what it gets, each time on another stack. Gives back its address.
func echo(pair tls.Certificate) string {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	work.Check(err)
	go func() {
		for seed := int64(0); ; seed++ {
			connection, err := listener.Accept()
			work.Check(err)
			go answer(connection, rand.New(rand.NewSource(seed)))
		}
	}()
	return listener.Addr().String()
}

func answer(connection net.Conn, random *rand.Rand) {
	room := make([]byte, longest)
	for {
		var length int
		var err error
		fresh(random, func() { length, err = connection.Read(room) })
		if err == io.EOF {
			work.Check(connection.Close())
			return
		}
		work.Check(err)
		fresh(random, func() {
			_, err := connection.Write(room[:length])
			work.Check(err)
		})
	}
}

// Answers requests with their path. Gives back its address.
func serve(pair tls.Certificate) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	work.Check(err)
	handler := func(w http.ResponseWriter, r *http.Request) {
		descend(len(r.URL.Path)%few, nil, func() {
			_, err := io.WriteString(w, r.URL.Path)
			work.Check(err)
		})
	}
	server := http.Server{Handler: http.HandlerFunc(handler), TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}}}
	go func() { work.Check(server.ServeTLS(listener, "", "")) }()
	return listener.Addr().String()
}
