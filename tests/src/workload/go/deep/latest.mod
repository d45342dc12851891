module example.org/deep

go 1.24

require example.org/work v0.0.0

replace example.org/work => ../work

require google.golang.org/grpc v1.75.0

require (
	github.com/golang/protobuf v1.5.4 // indirect
	golang.org/x/net v0.41.0 // indirect
	golang.org/x/sys v0.33.0 // indirect
	golang.org/x/text v0.26.0 // indirect
	google.golang.org/genproto v0.0.0-20200526211855-cb27e3aa2013 // indirect
	google.golang.org/protobuf v1.36.6 // indirect
)
