// One certificate authority and what it issues. ECDSA P-256 throughout.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// A backdated start tolerates a stepped clock; ten years outlive any test folder.
const (
	backdate = time.Hour
	lifetime = 10 * 365 * 24 * time.Hour
)

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// request describes a leaf. Without client it is for serving only; with client it is for both.
type request struct {
	name      string
	groups    []string
	client    bool
	names     []string
	addresses []net.IP
}

func createAuthority(path, name string) (authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return authority{}, err
	}
	template, err := newTemplate(pkix.Name{CommonName: name})
	if err != nil {
		return authority{}, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return authority{}, err
	}
	if err := writePair(path, der, key); err != nil {
		return authority{}, err
	}
	return loadAuthority(path)
}

func loadAuthority(path string) (authority, error) {
	certificateBytes, err := readBlock(path + ".crt")
	if err != nil {
		return authority{}, err
	}
	keyBytes, err := readBlock(path + ".key")
	if err != nil {
		return authority{}, err
	}
	certificate, err := x509.ParseCertificate(certificateBytes)
	if err != nil {
		return authority{}, err
	}
	key, err := x509.ParseECPrivateKey(keyBytes)
	return authority{certificate, key}, err
}

func (ca authority) issue(path string, leaf request) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template, err := newTemplate(pkix.Name{CommonName: leaf.name, Organization: leaf.groups})
	if err != nil {
		return err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.DNSNames = leaf.names
	template.IPAddresses = leaf.addresses
	if leaf.client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if len(leaf.addresses) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, &key.PublicKey, ca.key)
	if err != nil {
		return err
	}
	return writePair(path, der, key)
}

func newTemplate(subject pkix.Name) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    now.Add(-backdate),
		NotAfter:     now.Add(lifetime),
	}, nil
}

func writeServiceAccountKeys(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return err
	}
	if err := writeBlock(filepath.Join(dir, "sa.key"), "EC PRIVATE KEY", private); err != nil {
		return err
	}
	return writeBlock(filepath.Join(dir, "sa.pub"), "PUBLIC KEY", public)
}

func writePair(path string, certificate []byte, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := writeBlock(path+".key", "EC PRIVATE KEY", der); err != nil {
		return err
	}
	return writeBlock(path+".crt", "CERTIFICATE", certificate)
}

func writeBlock(path, kind string, der []byte) error {
	return writeFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}

func readBlock(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: no PEM block", path)
	}
	return block.Bytes, nil
}
