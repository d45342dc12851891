// The same in Go as `grpc_peer.py`, where the orders are described.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const service = "/e2e.Peer/"

// Messages are bytes and stay so.
type raw struct{}

func (raw) Marshal(value interface{}) ([]byte, error) { return *value.(*[]byte), nil }
func (raw) Unmarshal(bytes []byte, value interface{}) error {
	*value.(*[]byte) = append([]byte(nil), bytes...)
	return nil
}
func (raw) String() string { return "raw" }
func (raw) Name() string   { return "raw" }

type wish struct {
	Method   string   `json:"method"`
	Code     int      `json:"code"`
	Messages int      `json:"messages"`
	Sleep    float64  `json:"sleep"`
	Deadline *float64 `json:"deadline"`
	Cancel   bool     `json:"cancel"`
}

func seconds(number float64) time.Duration { return time.Duration(number * float64(time.Second)) }

// obey answers one call of any kind: the streams differ only in how many messages there are.
func obey(_ interface{}, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	done := []byte("done")
	for {
		var message []byte
		if err := stream.RecvMsg(&message); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		var asked wish
		if err := json.Unmarshal(message, &asked); err != nil {
			return err
		}
		select {
		case <-time.After(seconds(asked.Sleep)):
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		}
		if asked.Code != 0 {
			return status.Error(codes.Code(asked.Code), "as wished")
		}
		switch method {
		case service + "Talk":
			if err := stream.SendMsg(&message); err != nil {
				return err
			}
		case service + "Download":
			piece := make([]byte, 1000)
			for i := 0; i < asked.Messages; i++ {
				if err := stream.SendMsg(&piece); err != nil {
					return err
				}
			}
			return nil
		case service + "Unary":
			return stream.SendMsg(&done)
		}
	}
	if method == service+"Upload" {
		return stream.SendMsg(&done)
	}
	return nil
}

func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := grpc.NewServer(grpc.CustomCodec(raw{}), grpc.UnknownServiceHandler(obey))
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go server.Serve(listener)
	io.Copy(io.Discard, os.Stdin)
	server.Stop()
}

func call(connection *grpc.ClientConn, asked wish) error {
	ctx, cancel := context.WithCancel(context.Background())
	if asked.Deadline != nil {
		ctx, cancel = context.WithTimeout(context.Background(), seconds(*asked.Deadline))
	}
	defer cancel()
	message, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	messages := 1
	if asked.Method == "Upload" || asked.Method == "Talk" {
		messages = asked.Messages
	}
	description := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	stream, err := connection.NewStream(ctx, description, service+asked.Method, grpc.ForceCodec(raw{}))
	if err != nil {
		return err
	}
	for i := 0; i < messages; i++ {
		if err := stream.SendMsg(&message); err == io.EOF {
			break // the answer says why
		} else if err != nil {
			return err
		}
	}
	if !asked.Cancel {
		if err := stream.CloseSend(); err != nil {
			return err
		}
	}
	for {
		var answer []byte
		if err := stream.RecvMsg(&answer); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if asked.Cancel {
			cancel()
		}
	}
}

func ask() {
	fmt.Println(0)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var order struct {
			Address string `json:"address"`
			Calls   []wish `json:"calls"`
		}
		if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
			panic(err)
		}
		connection, err := grpc.Dial(order.Address, grpc.WithInsecure())
		if err != nil {
			panic(err)
		}
		ended := []int{}
		for _, asked := range order.Calls {
			ended = append(ended, int(status.Code(call(connection, asked))))
		}
		connection.Close()
		answer, _ := json.Marshal(ended)
		fmt.Println(string(answer))
	}
}

func main() {
	var arguments struct {
		Role string `json:"role"`
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &arguments); err != nil {
		panic(err)
	}
	if arguments.Role == "server" {
		serve()
	} else {
		ask()
	}
}
