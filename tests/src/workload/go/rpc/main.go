// The same as `relay` over gRPC, with one connection to the other server: rpc serve [BACKEND], which prints its address, answers calls of any
// method after calling four of the other server, /seq/1/METHOD, /seq/2/METHOD, /fan/1/METHOD and /fan/2/METHOD. Without BACKEND it just answers.
// rpc ask ADDRESS CLIENTS REQUESTS calls /r/0 and on, when there is a line on its standard input.
package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Messages are bytes and stay so.
type raw struct{}

func (raw) Marshal(value interface{}) ([]byte, error) { return *value.(*[]byte), nil }
func (raw) Unmarshal(bytes []byte, value interface{}) error {
	*value.(*[]byte) = append([]byte(nil), bytes...)
	return nil
}
func (raw) Name() string { return "raw" }

type caller func(method string) error

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve":
		serve(relay(client(os.Args[2])))
	case len(os.Args) == 2 && os.Args[1] == "serve":
		serve(func(string) error { return nil })
	case len(os.Args) == 5 && os.Args[1] == "ask":
		ask(client(os.Args[2]), number(os.Args[3]), number(os.Args[4]))
	default:
		check(fmt.Errorf("wrong arguments: %q", os.Args))
	}
}

func relay(call caller) caller {
	return func(method string) error {
		for n := 1; n <= 2; n++ {
			if err := call(fmt.Sprintf("/seq/%d%s", n, method)); err != nil {
				return err
			}
		}
		failed := make(chan error, 2)
		for n := 1; n <= 2; n++ {
			go func(n int) { failed <- call(fmt.Sprintf("/fan/%d%s", n, method)) }(n)
		}
		if err := <-failed; err != nil {
			return err
		}
		return <-failed
	}
}

func serve(handle caller) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	handler := func(_ interface{}, stream grpc.ServerStream) error {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		method, _ := grpc.MethodFromServerStream(stream)
		if err := handle(method); err != nil {
			return err
		}
		return stream.SendMsg(&message)
	}
	server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(handler))
	check(server.Serve(listener))
}

func client(address string) caller {
	connection, err := grpc.Dial(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	return func(method string) error {
		message, answer := []byte("message"), []byte(nil)
		return connection.Invoke(context.Background(), method, &message, &answer, grpc.ForceCodec(raw{}))
	}
}

func ask(call caller, clients, requests int) {
	_, err := bufio.NewReader(os.Stdin).ReadString('\n')
	check(err)
	var next int64 = -1
	var group sync.WaitGroup
	for c := 0; c < clients; c++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := atomic.AddInt64(&next, 1); n < int64(requests); n = atomic.AddInt64(&next, 1) {
				check(call(fmt.Sprintf("/r/%d", n)))
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
