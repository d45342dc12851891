// Collects garbage: collector TIMES, when there is a line on its standard input. Then it prints how often it did since that line, and for how
// many nanoseconds the world stood still meanwhile, and waits for the end of its standard input.
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
)

func main() {
	times, err := strconv.Atoi(os.Args[1])
	check(err)
	// Not by itself.
	debug.SetGCPercent(-1)
	input := bufio.NewReader(os.Stdin)
	_, err = input.ReadString('\n')
	check(err)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n := 0; n < times; n++ {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	fmt.Println(after.NumGC-before.NumGC, after.PauseTotalNs-before.PauseTotalNs)
	_, _ = input.ReadString('\n')
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
