module example.org/store

go 1.16

require (
	example.org/work v0.0.0
	github.com/lib/pq v1.10.9
)

replace example.org/work => ../work
