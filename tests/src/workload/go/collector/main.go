// Collects garbage: collector TIMES, when there is a line on its standard input. Then it prints how often it did since that line, and for how
// many nanoseconds the world stood still meanwhile, and waits for the end of its standard input.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"example.org/work"
)

func main() {
	times := work.Number(os.Args[1])
	// Not by itself.
	debug.SetGCPercent(-1)
	work.Begin()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n := 0; n < times; n++ {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	fmt.Println(after.NumGC-before.NumGC, after.PauseTotalNs-before.PauseTotalNs)
	work.End()
}
