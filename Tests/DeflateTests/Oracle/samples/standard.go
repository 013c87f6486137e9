//go:build !klauspost && !gnugzip

package main

import (
	"compress/flate"
	"io"
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
	panic("the standard library has no blocks")
}
