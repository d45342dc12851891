module example.org/fast

go 1.16

require (
	example.org/work v0.0.0
	github.com/valyala/fasthttp v1.40.0
)

replace example.org/work => ../work
