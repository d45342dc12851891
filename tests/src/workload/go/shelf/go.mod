module example.org/shelf

go 1.16

require (
	example.org/work v0.0.0
	github.com/lib/pq v1.10.9
	github.com/mattn/go-sqlite3 v1.14.16
)

replace example.org/work => ../work
