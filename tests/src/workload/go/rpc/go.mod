module example.org/rpc

go 1.16

require (
	example.org/work v0.0.0
	google.golang.org/grpc v1.45.0
)

replace example.org/work => ../work
