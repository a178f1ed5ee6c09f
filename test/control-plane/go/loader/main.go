// Answers whether kube-apiserver would accept an encryption configuration, many thousand times in one process.
//
// Protocol: stdin carries files, each as a big-endian uint32 length and that many bytes; stdout answers each with one
// line, {"ok":true} or {"ok":false,"error":"…"}. The end of stdin ends the process.
//
// A KMS provider is dialled lazily and one inline probe waits for it, so every load gets a context that ends soon:
// a plugin that nobody answers for is accepted, as it is by kube-apiserver, after loadTimeout instead of seconds.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	"k8s.io/klog/v2"
)

const (
	maxFileBytes = 64 << 20 // a length above this is a broken stream, not a configuration
	loadTimeout  = 100 * time.Millisecond
)

type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// scratch is a file that exists only in memory and ends with the process.
type scratch struct {
	fd   int
	path string
}

func newScratch() (scratch, error) {
	fd, err := unix.MemfdCreate("encryption-config", unix.MFD_CLOEXEC)
	return scratch{fd: fd, path: fmt.Sprintf("/proc/self/fd/%d", fd)}, err
}

func (s scratch) write(data []byte) error {
	if err := unix.Ftruncate(s.fd, 0); err != nil {
		return err
	}
	for offset := 0; offset < len(data); {
		written, err := unix.Pwrite(s.fd, data[offset:], int64(offset))
		if err != nil {
			return err
		}
		offset += written
	}
	return nil
}

func load(path string, reload bool) answer {
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	if _, err := encryptionconfig.LoadEncryptionConfig(ctx, path, reload, "loader"); err != nil {
		return answer{Error: err.Error()}
	}
	return answer{OK: true}
}

func readFile(in io.Reader) ([]byte, error) {
	var length uint32
	if err := binary.Read(in, binary.BigEndian, &length); err != nil {
		return nil, err
	}
	if length > maxFileBytes {
		return nil, fmt.Errorf("length: want at most %d, got %d", maxFileBytes, length)
	}
	data := make([]byte, length)
	_, err := io.ReadFull(in, data)
	return data, err
}

func serve(in io.Reader, out io.Writer, reload bool) error {
	file, err := newScratch()
	if err != nil {
		return err
	}
	answers := json.NewEncoder(out)
	for {
		data, err := readFile(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := file.write(data); err != nil {
			return err
		}
		if err := answers.Encode(load(file.path, reload)); err != nil {
			return err
		}
	}
}

func main() {
	reload := flag.Bool("reload", true, "validate as with --encryption-provider-config-automatic-reload=true")
	flag.Parse()
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	if err := serve(bufio.NewReaderSize(os.Stdin, 1<<20), os.Stdout, *reload); err != nil {
		fmt.Fprintln(os.Stderr, "loader:", err)
		os.Exit(1)
	}
}
