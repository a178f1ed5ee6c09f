// Writes the certificates and keys of a test control plane, in kubeadm's layout and names.
//
//	pki make   --dir DIR --nodes FOLDER [--etcd-address IP] node-1=127.70.1.11 node-2=127.70.1.12 …
//	pki client --dir DIR --user NAME [--groups A,B] --out FILE      (FILE.crt and FILE.key)
//
// DIR/ca and DIR/etcd-ca are the two authorities, DIR/etcd has etcd's serving certificate, DIR/admin is an administrator.
// FOLDER/NAME/etc/kubernetes/pki gets what a node has there. All of it is for loopback and guards no real data.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

type layout struct {
	authorities string
	nodes       string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pki:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("want make or client")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	dir := flags.String("dir", "", "the folder of both authorities")
	user := flags.String("user", "", "the common name of a client")
	groups := flags.String("groups", "", "its organizations, separated by commas")
	out := flags.String("out", "", "the client's files without .crt and .key")
	nodes := flags.String("nodes", "", "the folder with one folder a node")
	etcdAddress := flags.String("etcd-address", "127.0.0.1", "the address etcd serves on")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch args[0] {
	case "make":
		return makeAll(layout{*dir, *nodes}, *etcdAddress, flags.Args())
	case "client":
		return makeClient(*dir, *out, *user, *groups)
	default:
		return fmt.Errorf("want make or client, got %q", args[0])
	}
}

func makeClient(dir, out, user, groups string) error {
	ca, err := loadAuthority(filepath.Join(dir, "ca"))
	if err != nil {
		return err
	}
	return ca.issue(out, request{name: user, groups: splitList(groups), client: true})
}

func makeAll(at layout, etcdAddress string, nodes []string) error {
	dir := at.authorities
	ca, err := createAuthority(filepath.Join(dir, "ca"), "kubernetes")
	if err != nil {
		return err
	}
	etcdCA, err := createAuthority(filepath.Join(dir, "etcd-ca"), "etcd-ca")
	if err != nil {
		return err
	}
	if err := writeServiceAccountKeys(dir); err != nil {
		return err
	}
	etcd := request{name: "etcd", client: true, names: []string{"localhost"}, addresses: addresses(etcdAddress)}
	if err := etcdCA.issue(filepath.Join(dir, "etcd", "server"), etcd); err != nil {
		return err
	}
	admin := request{name: "kubernetes-admin", groups: []string{"system:masters"}, client: true}
	if err := ca.issue(filepath.Join(dir, "admin"), admin); err != nil {
		return err
	}
	for _, node := range nodes {
		name, address, found := strings.Cut(node, "=")
		if !found {
			return fmt.Errorf("want NAME=ADDRESS, got %q", node)
		}
		if err := makeNode(at, name, address, ca, etcdCA); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func makeNode(dir layout, name, address string, ca, etcdCA authority) error {
	at := func(file string) string { return filepath.Join(dir.nodes, name, "etc", "kubernetes", "pki", file) }
	copies := map[string]string{
		"ca.crt": "ca.crt", "etcd-ca.crt": "etcd/ca.crt", "sa.key": "sa.key", "sa.pub": "sa.pub",
	}
	for from, to := range copies {
		if err := copyFile(filepath.Join(dir.authorities, from), at(to)); err != nil {
			return err
		}
	}
	names := []string{"localhost", name, "kubernetes", "kubernetes.default", "kubernetes.default.svc"}
	serving := request{name: "kube-apiserver", names: names, addresses: addresses(address, "10.0.0.1")}
	if err := ca.issue(at("apiserver"), serving); err != nil {
		return err
	}
	client := request{name: "kube-apiserver-etcd-client", client: true}
	return etcdCA.issue(at("apiserver-etcd-client"), client)
}

func addresses(own ...string) []net.IP {
	list := []net.IP{net.ParseIP("127.0.0.1")}
	for _, text := range own {
		list = append(list, net.ParseIP(text))
	}
	return list
}

func splitList(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writeFile(to, data)
}
