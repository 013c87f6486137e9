// Prints what the encoder of Go's standard library makes of the inputs of Generator.swift; build it with Go 1.19 to 1.26.
//
//	oracle FIRST LAST      one line for each seed: the seed, its input's size and digest, and the output's at each level
//	oracle table FIRST LAST    one digest for each level, over the outputs of all seeds
//	oracle writes FIRST LAST   counts the outputs that change with the sizes of the writes
package main

import (
	"bytes"
	"compress/flate"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
)

type generator struct{ state uint64 }

// next is SplitMix64.
func (g *generator) next() uint64 {
	g.state += 0x9E3779B97F4A7C15
	z := g.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func (g *generator) below(n int) int { return int(g.next() % uint64(n)) }

var periods = []int{1, 2, 3, 4, 5, 7, 257, 258, 259, 4095, 4096, 4097, 32505, 32506, 32507, 32767, 32768, 32769, 65535, 65536}
var edges = []int{17, 128, 262, 32768, 65274, 65280, 65535, 65536, 65536 + 258, 98304, 131070, 131072, 163840, 196605}

func (g *generator) input() []byte {
	var size int
	switch g.below(5) {
	case 0:
		size = g.below(300)
	case 1:
		size = g.below(70000)
	case 2, 3:
		size = edges[g.below(len(edges))] + g.below(7) - 3
	default:
		size = g.below(400000)
	}
	b := make([]byte, 0, size+1000)
	shape := g.below(9)
	for len(b) < size {
		if shape < 7 {
			b = g.section(b, shape, size)
		} else {
			b = g.section(b, g.below(7), min(size, len(b)+1+g.below(40000)))
		}
	}
	return b[:size]
}

func min(a, b int) int {
	if a < b {
		return a
	}
	return b
}

func (g *generator) section(b []byte, shape, end int) []byte {
	switch shape {
	case 0: // noise
		for len(b) < end {
			b = append(b, byte(g.next()))
		}
	case 1: // one byte
		value := byte(g.next())
		for len(b) < end {
			b = append(b, value)
		}
	case 2: // few symbols
		count := 2 + g.below(6)
		for len(b) < end {
			b = append(b, byte(97+g.below(count)))
		}
	case 3: // a period
		period := periods[g.below(len(periods))]
		start := len(b)
		for len(b) < end {
			if len(b)-start < period {
				b = append(b, byte(g.next()))
			} else {
				b = append(b, b[len(b)-period])
			}
		}
	case 4: // copies from everywhere
		for len(b) < end {
			b = g.piece(b)
		}
	case 5: // each symbol rarer than the one before by the golden ratio: the longest codes
		for len(b) < end {
			value := byte(0)
			for value < 40 && g.below(1000) < 618 {
				value++
			}
			b = append(b, value*37)
		}
	default: // words
		for len(b) < end {
			word := g.below(1 + g.below(2000))
			for i := 0; i < 2+word%9; i++ {
				b = append(b, byte(97+(word*(i+3)>>uint(i%3))%26))
			}
			b = append(b, 32)
		}
	}
	return b
}

func (g *generator) piece(b []byte) []byte {
	length, distance := 0, 0
	switch g.below(5) {
	case 0:
		for i := g.below(40); i >= 0; i-- {
			b = append(b, byte(g.next()))
		}
		return b
	case 1:
		length, distance = 1+g.below(600), 1
	case 2:
		length, distance = 3+g.below(12), 1+g.below(64)
	case 3:
		length, distance = 1+g.below(300), 1+g.below(4200)
	default:
		length, distance = 3+g.below(300), 32400+g.below(500)
	}
	if distance > len(b) {
		return append(b, byte(distance))
	}
	for ; length > 0; length-- {
		b = append(b, b[len(b)-distance])
	}
	return b
}

func digest(b []byte) uint64 {
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

var writer = map[int]*flate.Writer{}

func encode(level int, b []byte, size func() int) []byte {
	var out bytes.Buffer
	w := writer[level]
	if w == nil {
		w, _ = flate.NewWriter(&out, level)
	}
	w.Reset(&out)
	for size != nil && len(b) > 0 {
		n := min(len(b), size())
		w.Write(b[:n])
		b = b[n:]
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func main() {
	arguments := os.Args[1:]
	isWrites := arguments[0] == "writes"
	isTable := arguments[0] == "table"
	if isWrites || isTable {
		arguments = arguments[1:]
	}
	first, _ := strconv.Atoi(arguments[0])
	last, _ := strconv.Atoi(arguments[1])
	if isTable {
		for level := -2; level <= 9; level++ {
			h := fnv.New64a()
			for seed := first; seed <= last; seed++ {
				g := &generator{uint64(seed)}
				h.Write(encode(level, g.input(), nil))
			}
			fmt.Printf("(%d, 0x%016X),\n", level, h.Sum64())
		}
		return
	}
	ones, aligned, some := [12]int{}, [12]int{}, [12]int{}
	for seed := first; seed <= last; seed++ {
		g := &generator{uint64(seed)}
		b := g.input()
		if isWrites {
			for level := -2; level <= 9; level++ {
				whole := digest(encode(level, b, nil))
				if whole != digest(encode(level, b, func() int { return 1 })) {
					ones[level+2]++
				}
				if whole != digest(encode(level, b, func() int { return 512 * (1 + g.below(20)) })) {
					aligned[level+2]++
				}
				if whole != digest(encode(level, b, func() int { return 1 + g.below(3000) })) {
					some[level+2]++
				}
			}
			continue
		}
		fmt.Printf("%d %d %016x", seed, len(b), digest(b))
		for level := -2; level <= 9; level++ {
			fmt.Printf(" %016x", digest(encode(level, b, nil)))
		}
		fmt.Println()
	}
	if isWrites {
		fmt.Println("levels -2...9, writes of 1 byte:", ones, "of multiples of 512:", aligned, "of 1 to 3000:", some)
	}
}
