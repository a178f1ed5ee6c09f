package main

import _ "k8s.io/apiserver/pkg/server/options/encryptionconfig"

func main() {}
