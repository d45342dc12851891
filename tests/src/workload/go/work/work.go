// Package work is what these programs have in common.
package work

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
)

var input = bufio.NewReader(os.Stdin)

// Begin waits for a line on the standard input.
func Begin() {
	_, err := input.ReadString('\n')
	Check(err)
}

// End waits for the end of the standard input.
func End() {
	_, err := io.Copy(io.Discard, input)
	Check(err)
}

// Listen listens somewhere on loopback, and prints where.
func Listen() net.Listener {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	Check(err)
	fmt.Println(listener.Addr())
	return listener
}

// Number reads one.
func Number(text string) int {
	number, err := strconv.Atoi(text)
	Check(err)
	return number
}

// Check ends the program if something has failed.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
