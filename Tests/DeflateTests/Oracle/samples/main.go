//go:build !gnugzip

// Writes what the reference encoder makes of sample inputs, or of a file.
//
//	oracle cases COUNT FIRST LEVEL...   one line a case: level, shape, seed, size, dictionary, piece, flush, SHA-256
//	oracle case LEVEL SHAPE SEED SIZE DICTIONARY PIECE FLUSH   one such line; KlauspostFixtures.swift has some
//	oracle blockcases          those of ParallelBlocksFixtures.swift, the header and trailer left out
//	oracle file LEVEL PATH     time and SHA-256 of one raw deflate stream
//	oracle blocks LEVEL SIZE PATH   the same of what pgzip has between its header and trailer
package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"
	"time"
)

var shapes = []string{"mix", "mix", "mix", "mix", "skewed", "noise", "period", "zeros"}
var sizes = []int{0, 1, 2, 31, 32, 33, 127, 128, 129, 1024, 32767, 32768, 32769, 65534, 65535, 65536, 65537, 131070,
	131071, 262140, 327675, 327676, 393210, 500000}

type oneCase struct {
	level                          int
	shape                          string
	seed                           uint64
	size, dictionary, piece, flush int
}

func caseOf(seed uint64, levels []int) oneCase {
	r := random(seed ^ 0xC0DE)
	c := oneCase{level: levels[r.below(len(levels))], shape: shapes[r.below(len(shapes))], seed: seed}
	switch r.below(3) {
	case 0:
		c.size = sizes[r.below(len(sizes))]
	case 1:
		c.size = r.below(70000)
	default:
		c.size = r.below(400000)
	}
	if r.below(3) == 0 {
		c.dictionary = []int{1, 12, 13, 14, 1000, 16384, 32767, 32768, 40000}[r.below(9)]
	}
	c.piece = []int{1, 7, 1000, 4096, 32768, 65535, 65536, 1 << 20}[r.below(8)]
	if r.below(4) == 0 {
		c.flush = 1 + r.below(1<<(1+r.below(18)))
	}
	return c
}

func encode(c oneCase) []byte {
	data := make([]byte, c.dictionary+c.size)
	fill(data, c.shape, c.seed)
	var out bytes.Buffer
	w := newWriter(&out, c.level, data[:c.dictionary])
	data = data[c.dictionary:]
	unflushed := 0
	for len(data) > 0 {
		n := min(c.piece, len(data))
		if c.flush > 0 {
			n = min(n, c.flush-unflushed)
		}
		w.Write(data[:n])
		data = data[n:]
		unflushed += n
		if unflushed == c.flush {
			w.Flush()
			unflushed = 0
		}
	}
	w.Close()
	return out.Bytes()
}

func printCase(c oneCase) {
	fmt.Printf("%d %s %d %d %d %d %d %x\n", c.level, c.shape, c.seed, c.size, c.dictionary, c.piece, c.flush,
		sha256.Sum256(encode(c)))
}

func main() {
	switch os.Args[1] {
	case "cases":
		count, _ := strconv.Atoi(os.Args[2])
		first, _ := strconv.Atoi(os.Args[3])
		var levels []int
		for _, text := range os.Args[4:] {
			level, _ := strconv.Atoi(text)
			levels = append(levels, level)
		}
		for seed := first; seed < first+count; seed++ {
			c := caseOf(uint64(seed), levels)
			printCase(c)
		}
	case "case":
		c := oneCase{shape: os.Args[3]}
		c.level, _ = strconv.Atoi(os.Args[2])
		c.seed, _ = strconv.ParseUint(os.Args[4], 10, 64)
		for i, field := range []*int{&c.size, &c.dictionary, &c.piece, &c.flush} {
			*field, _ = strconv.Atoi(os.Args[5+i])
		}
		printCase(c)
	case "blockcases":
		for seed, size := range []int{0, 1, 16385, 65536, 100000} {
			for _, level := range []int{-1, 1, 9} {
				for _, block := range []int{16385, 32768, 1 << 20} {
					data := make([]byte, size)
					fill(data, "mix", uint64(seed))
					digest := sha256.New()
					counter := &counting{w: digest, skip: 10, hold: 8}
					w := newBlocks(counter, level, block)
					w.Write(data)
					w.Close()
					fmt.Printf("%d %d %d %d %x\n", level, seed, size, block, digest.Sum(nil))
				}
			}
		}
	case "dump":
		seed, _ := strconv.Atoi(os.Args[2])
		var levels []int
		for _, text := range os.Args[3:] {
			level, _ := strconv.Atoi(text)
			levels = append(levels, level)
		}
		os.Stdout.Write(encode(caseOf(uint64(seed), levels)))
	case "file", "blocks":
		level, _ := strconv.Atoi(os.Args[2])
		digest := sha256.New()
		counter := &counting{w: digest}
		if os.Getenv("EMIT") != "" {
			counter.w = os.Stdout
		}
		var w io.WriteCloser
		if os.Args[1] == "file" {
			w = newWriter(counter, level, nil)
		} else {
			size, _ := strconv.Atoi(os.Args[3])
			counter.skip, counter.hold = 10, 8
			w = newBlocks(counter, level, size)
		}
		path := os.Args[len(os.Args)-1]
		data, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		counter.discard = os.Getenv("NOHASH") != ""
		start, cpu := time.Now(), user()
		for rest := data; len(rest) > 0; {
			n := min(1<<20, len(rest))
			w.Write(rest[:n])
			rest = rest[n:]
		}
		w.Close()
		wall, used := time.Since(start).Seconds(), user()-cpu
		if os.Getenv("EMIT") != "" {
			return
		}
		fmt.Printf("%d %d %x user %.2f s wall %.2f s %.1f MB/s of CPU\n", level, counter.n, digest.Sum(nil), used, wall,
			float64(len(data))/1e6/used)
	}
}

// counting digests all but the first `skip` bytes and the last `hold`.
type counting struct {
	w          io.Writer
	n          int
	discard    bool
	skip, hold int
	held       []byte
}

func (c *counting) Write(b []byte) (int, error) {
	size := len(b)
	cut := min(c.skip, size)
	c.skip -= cut
	c.held = append(c.held, b[cut:]...)
	if ready := len(c.held) - c.hold; ready > 0 {
		c.n += ready
		if !c.discard {
			c.w.Write(c.held[:ready])
		}
		c.held = append(c.held[:0], c.held[ready:]...)
	}
	return size, nil
}

func user() float64 {
	var usage syscall.Rusage
	syscall.Getrusage(0, &usage)
	return float64(usage.Utime.Sec) + float64(usage.Utime.Usec)/1e6
}
