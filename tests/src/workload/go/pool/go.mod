module example.org/pool

go 1.16

require example.org/work v0.0.0

replace example.org/work => ../work
