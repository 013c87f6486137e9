//go:build gnugzip

// Writes what the program gzip makes of sample inputs, without its header and trailer.
//
//	oracle cases COUNT FIRST LEVEL...   one line a case: level, shape, seed, size, SHA-256
//	oracle case LEVEL SHAPE SEED SIZE   one such line; GNUGzipFixtures.swift has some
//	oracle sizes LEVEL SHAPE SEED FIRST END   one for each size
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

var gnuShapes = []string{"mix", "mix", "mix", "mix", "skewed", "noise", "period", "zeros"}

func show(file *os.File, level int, shape string, seed uint64, size int) {
	data := make([]byte, size)
	fill(data, shape, seed)
	file.Truncate(0)
	file.WriteAt(data, 0)
	file.Seek(0, 0)
	program := exec.Command("gzip", "-n", "-"+strconv.Itoa(level))
	// A regular file, of which each read gets all that is asked for.
	program.Stdin = file
	out, err := program.Output()
	if err != nil {
		panic(err)
	}
	fmt.Printf("%d %s %d %d %x\n", level, shape, seed, size, sha256.Sum256(out[10:len(out)-8]))
}

func main() {
	file, err := os.CreateTemp("", "sample")
	if err != nil {
		panic(err)
	}
	defer os.Remove(file.Name())
	var numbers []int
	for _, text := range os.Args[2:] {
		number, _ := strconv.Atoi(text)
		numbers = append(numbers, number)
	}
	if os.Args[1] == "case" {
		show(file, numbers[0], os.Args[3], uint64(numbers[2]), numbers[3])
		return
	}
	if os.Args[1] == "sizes" {
		for size := numbers[3]; size < numbers[4]; size++ {
			show(file, numbers[0], os.Args[3], uint64(numbers[2]), size)
		}
		return
	}
	levels := numbers[2:]
	for seed := numbers[1]; seed < numbers[1]+numbers[0]; seed++ {
		r := random(uint64(seed) ^ 0x6172)
		level := levels[r.below(len(levels))]
		shape := gnuShapes[r.below(len(gnuShapes))]
		size := 0
		switch r.below(4) {
		case 0:
			size = r.below(1 << (1 + r.below(12)))
		case 1:
			size = r.below(70000)
		case 2:
			size = 32768 * (2 + r.below(5))
			size += r.below(600) - 300
		default:
			size = r.below(500000)
		}
		show(file, level, shape, uint64(seed), size)
	}
}
