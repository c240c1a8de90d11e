// Command ferretdb serves the MongoDB wire protocol over SQLite files, for the tests of the runtime: no mongod can be
// had from a package registry.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// version is set by the build.
var version = "unknown"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "ferretdb:", err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "", "address to listen on, as in 127.0.0.1:27017")
	directory := flag.String("directory", "", "existing folder of the databases, one SQLite file each")
	showVersion := flag.Bool("version", false, "print the version and end")
	flag.Parse()

	if *showVersion {
		fmt.Println("retrofitlink-ferretdb", version)
		return nil
	}
	if *listen == "" || *directory == "" || flag.NArg() > 0 {
		return fmt.Errorf("needs --listen=HOST:PORT and --directory=FOLDER, and nothing else")
	}
	folder, err := filepath.Abs(*directory)
	if err != nil {
		return err
	}
	slog.SetLogLoggerLevel(slog.LevelWarn)
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: *listen},
		Handler:   "sqlite",
		SQLiteURL: "file:" + folder + "/",
	})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return server.Run(ctx)
}
