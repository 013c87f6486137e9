//go:build klauspost

package main

import (
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/pgzip"
)

type flushing interface {
	io.WriteCloser
	Flush() error
}

func newWriter(out io.Writer, level int, dictionary []byte) flushing {
	w, err := flate.NewWriterDict(out, level, dictionary)
	if err != nil {
		panic(err)
	}
	return w
}

func newBlocks(out io.Writer, level, size int) io.WriteCloser {
	w, err := pgzip.NewWriterLevel(out, level)
	if err != nil {
		panic(err)
	}
	w.SetConcurrency(size, 2)
	return w
}
