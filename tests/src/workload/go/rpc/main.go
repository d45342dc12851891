// The same as `relay` by grpc-go, over one connection: rpc serve, rpc ask (see work.Main and work.Relay). Paths are methods.
package main

import (
	"context"
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

func main() {
	work.Main(serve, client)
}

func serve(peer work.Peer, listener net.Listener) error {
	relay := work.Relay(peer, client)
	handler := func(_ interface{}, stream grpc.ServerStream) error {
		var message []byte
		if err := stream.RecvMsg(&message); err != nil {
			return err
		}
		method, _ := grpc.MethodFromServerStream(stream)
		if err := relay(method); err != nil {
			return err
		}
		return stream.SendMsg(&message)
	}
	return grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.UnknownServiceHandler(handler)).Serve(listener)
}

func client(peer work.Peer) work.Get {
	connection, err := grpc.Dial(peer.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	work.Check(err)
	return func(method string) error {
		message, answer := []byte("message"), []byte(nil)
		return connection.Invoke(context.Background(), method, &message, &answer, grpc.ForceCodec(raw{}))
	}
}
