//go:build grpc || latest
// +build grpc latest

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"net"

	"example.org/work"
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

// A server that sends messages back, and calls of it over one connection.
func init() {
	rpc = func() func(*rand.Rand) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		work.Check(err)
		handler := func(_ interface{}, stream grpc.ServerStream) error {
			var message []byte
			if err := stream.RecvMsg(&message); err != nil {
				return err
			}
			var err error
			descend(len(message)%few, nil, func() { err = stream.SendMsg(&message) })
			return err
		}
		server := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(handler))
		go func() { work.Check(server.Serve(listener)) }()
		connection, err := grpc.Dial(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
		work.Check(err)
		return func(random *rand.Rand) {
			message, answer := make([]byte, 1+random.Intn(longest)), []byte(nil)
			random.Read(message)
			method := fmt.Sprintf("/%d/echo", random.Int63())
			fresh(random, func() {
				work.Check(connection.Invoke(context.Background(), method, &message, &answer, grpc.ForceCodec(raw{})))
			})
			if !bytes.Equal(answer, message) {
				work.Check(fmt.Errorf("%s: %d bytes came back changed", method, len(message)))
			}
		}
	}
}
